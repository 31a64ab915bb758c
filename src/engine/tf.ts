/// <reference types="@types/long" preserve="true" />
import type * as TfCore from '@tensorflow/tfjs-core'

/** The TensorFlow.js core library, as a value: `tf.matMul(a, b)`. */
export type Tf = typeof TfCore

/**
 * TensorFlow.js, once an engine is loaded. This is a live binding instead of a static import, because `pwoa-run --help`
 * and `--plan` must not load a tensor library, and each engine has its own instance of `tfjs-core`.
 *
 * @throws Error on any use before `loadEngine` has resolved, which is a programming error
 */
export let tf: Tf = new Proxy({} as Tf, {
  get: (_target, property) => {
    throw new Error(`the tensor engine is not loaded: call loadEngine() before using tf.${String(property)}`)
  },
})

/** Makes `tf` the library of a loaded engine. Only `loadEngine` calls this. */
export const useTf = (loaded: Tf): void => {
  tf = loaded
}
