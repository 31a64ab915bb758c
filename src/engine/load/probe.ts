import { availableParallelism } from 'node:os'
import { PwoaFailure } from '../../dsl/errors.js'
import type { EngineChoice } from '../../dsl/pipeline/engineChoice.js'
import { tf } from '../tf.js'
import { type EngineInfo, loadEngine } from './loadEngine.js'

/** A working engine, or the reason why it does not work. */
export type Probe =
  | { readonly info: EngineInfo /** Threads within one operation. */; readonly threads: number }
  | { readonly trouble: string }

/** Loads an engine as a run does, and checks that it computes a known product. */
export const probe = async (choice: EngineChoice): Promise<Probe> => {
  try {
    const info = await loadEngine(choice)
    const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()[0])
    return product === 11
      ? { info, threads: threadsOf(info.name) }
      : { trouble: `${info.description} loads, but computes 1 · 3 + 2 · 4 as ${product}` }
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return { trouble: thrown.error.actual }
    return { trouble: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

/** TensorFlow uses all cores by default; the portable engine has one thread in Node. */
const threadsOf = (name: EngineInfo['name']): number =>
  name === 'wasm' ? 1 : Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism()
