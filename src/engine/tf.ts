import type * as TfCore from '@tensorflow/tfjs-core'

/** The TensorFlow.js core library, as a value: `tf.matMul(a, b)`. */
export type Tf = typeof TfCore

/**
 * TensorFlow.js, once an engine is loaded. A live binding instead of a static import: `pwoa-run --help` and
 * `--plan` must not load a tensor library, and each engine brings the `tfjs-core` instance it is registered with.
 * Touching it before `loadEngine` has resolved is a programming error and throws.
 */
export let tf: Tf = new Proxy({} as Tf, {
  get: (_target, property) => {
    throw new Error(`the tensor engine is not loaded: call loadEngine() before using tf.${String(property)}`)
  },
})

/** Called by `loadEngine` alone. */
export const useTf = (loaded: Tf): void => {
  tf = loaded
}
