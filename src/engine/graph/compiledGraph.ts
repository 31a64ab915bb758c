import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Tensor, Tensor1D, TensorInfo } from '@tensorflow/tfjs-core'
import { PwoaFailure } from '../../dsl/errors.js'
import { rules } from '../device.js'
import type { NativeBackend } from '../nativeBackend.js'
import { tf } from '../tf.js'
import type { GraphBuilder } from './graphBuilder.js'
import { encodeSavedModel, TAG } from './savedModel.js'

/** A graph that TensorFlow has loaded. */
export interface CompiledGraph {
  /**
   * Runs, in one call, the part of the graph that the fetches need.
   *
   * @param feeds tensors for the placeholders of that part
   * @param fetches names of outputs
   * @returns new tensors, in the order of the fetches
   */
  readonly run: (feeds: Readonly<Record<string, TensorInfo>>, fetches: readonly string[]) => readonly Tensor[]
}

/** Whether the engine in use can load graphs, and its device gains by them. */
export const canCompile = (): boolean => tf.getBackend() === 'tensorflow' && rules().runs === 'graphs'

/**
 * Loads a graph into the native engine, for the rest of the process's life. TensorFlow runs its operations without a
 * call from here for each, independent ones side by side, and joins those that it can.
 */
export const compileGraph = ({ nodes }: GraphBuilder): CompiledGraph => {
  const native = tf.backend() as NativeBackend
  // TensorFlow's C library reads graphs from a folder only.
  const folder = temporary(() => mkdtempSync(join(tmpdir(), 'pwoa-graph-')))
  try {
    temporary(() => writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(nodes)))
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

/** Writes into the folder of temporary files. @throws WriteError where that fails */
const temporary = <A>(write: () => A): A => {
  try {
    return write()
  } catch (cause) {
    throw new PwoaFailure({
      _tag: 'WriteError',
      stage: 'engine',
      file: tmpdir(),
      expected: 'to write a graph for TensorFlow',
      actual: cause instanceof Error ? cause.message : String(cause),
      hint: 'Free some space there, or name another folder for temporary files in TMPDIR.',
      cause,
    })
  }
}

/** Returns a function that loads a graph when it is first called, and returns the same one afterwards. */
export const compiledOnce = (make: () => GraphBuilder): (() => CompiledGraph) => {
  let compiled: CompiledGraph | undefined
  return () => {
    compiled ??= compileGraph(make())
    return compiled
  }
}

/** How many of n rows each part gets, for a graph's `split`: sizes differ by at most one, larger ones first. */
export const evenParts = (n: number, parts: number): Tensor1D =>
  tf.tensor1d(Int32Array.from(partSizes(n, parts)), 'int32')

/** The same as plain numbers. */
export const partSizes = (n: number, parts: number): readonly number[] =>
  Array.from({ length: parts }, (_, part) => Math.floor(n / parts) + (part < n % parts ? 1 : 0))
