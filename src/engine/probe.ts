import { availableParallelism } from 'node:os'
import { PwoaFailure } from '../dsl/errors.js'
import { type EngineChoice, type EngineInfo, loadEngine } from './load.js'
import { tf } from './tf.js'

/** An engine that runs, or why none does. */
export type Probe =
  | { readonly info: EngineInfo /** Within one operation. */; readonly threads: number }
  | { readonly trouble: string }

/** Loads an engine as a run does, and lets it compute a product whose value is known. */
export const probe = async (choice: EngineChoice): Promise<Probe> => {
  try {
    const info = await loadEngine(choice)
    const product = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2]]), tf.tensor2d([[3], [4]])).dataSync()[0])
    return product === 11
      ? { info, threads: threadsOf(info.name) }
      : { trouble: `${info.description} loads, but says that 1 · 3 + 2 · 4 is ${product}` }
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return { trouble: thrown.error.actual }
    return { trouble: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

/** TensorFlow takes all cores where nothing is said; the portable engine has one thread in Node. */
const threadsOf = (name: EngineInfo['name']): number =>
  name === 'wasm' ? 1 : Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism()
