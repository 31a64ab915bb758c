import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core'
import type { NativeBackend } from '../kernels/tensorflow/native-backend.js'
import { tf } from '../tf.js'
import type { GraphBuilder } from './graphBuilder.js'
import { encodeSavedModel, TAG } from './savedModel.js'

/** A graph that TensorFlow has loaded: one call runs as much of it as is needed for what is asked for. */
export interface CompiledGraph {
  /**
   * @param feeds tensors for the placeholders that the fetches need
   * @param fetches names of outputs
   * @returns new tensors, in the order of the fetches
   */
  readonly run: (feeds: Readonly<Record<string, TensorInfo>>, fetches: readonly string[]) => readonly Tensor[]
}

/** Whether the engine in use can load graphs. */
export const canCompile = (): boolean => tf.getBackend() === 'tensorflow'

/**
 * Loads a graph into the native engine: its operations run without a call from here for each, side by side where they
 * don't depend on one another, and joined where TensorFlow knows how. It stays loaded for the process's life.
 */
export const compileGraph = ({ nodes }: GraphBuilder): CompiledGraph => {
  const native = tf.backend() as NativeBackend
  // TensorFlow's C library reads graphs from a folder only.
  const folder = mkdtempSync(join(tmpdir(), 'pwoa-graph-'))
  try {
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(nodes))
    const id = native.loadSavedModelMetaGraph(folder, TAG)
    return {
      run: (feeds, fetches) =>
        native.runSavedModel(
          id,
          Object.values(feeds),
          Object.keys(feeds).map((name) => ({ name: `${name}:0` })),
          fetches.map((name) => `${name}:0`),
        ),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
