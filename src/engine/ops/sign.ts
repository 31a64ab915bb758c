import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * −1, 0 or 1, however small a number is. `tf.sign` of the wasm engine takes all below 1e-6 for 0, and the input
 * gradients of a confident network are smaller than that: an attack would do nothing where it has most to do.
 */
export const sign = <T extends Tensor>(x: T): T =>
  tf.tidy(() => tf.sub(tf.cast(tf.greater(x, 0), 'float32'), tf.cast(tf.less(x, 0), 'float32')) as T)
