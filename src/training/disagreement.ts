import type { Scalar, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'
import type { Network } from './network.js'

/** Where a combination of the logits of two networks disagrees most in its slope. */
export interface Disagreement {
  /** The signs of ∇(v·(f − g)), −1, 0 or 1 at each pixel; the caller's. */
  readonly direction: Tensor4D
  /** The slope of v·g in that direction, a number an example. */
  readonly slope: Float64Array
}

/**
 * The direction of the L∞ ball in which v·(f − g) rises most, to first order: the rise over a radius ε is ε times the L1
 * norm of the difference of the two gradients. Batch normalisation goes by running statistics.
 *
 * @param images n × height × width × channels
 * @param combination v, n × classes
 */
export const disagreement = (f: Network, g: Network, images: Tensor4D, combination: Float32Array): Disagreement => {
  const examples = images.shape[0]
  const [direction, slope] = tf.tidy((): [Tensor4D, Tensor1D] => {
    const v = tf.tensor2d(combination, [examples, combination.length / examples])
    const gradientOf = (network: Network): Tensor4D => {
      const combined = (x: Tensor): Scalar => tf.sum(tf.mul(network.logits(x as Tensor4D), v)) as Scalar
      return tf.grad(combined)(images) as Tensor4D
    }
    const wanted = gradientOf(g)
    const signs = tf.sign(tf.sub(gradientOf(f), wanted)) as Tensor4D
    return [signs, tf.sum(tf.mul(wanted, signs), [1, 2, 3]) as Tensor1D]
  })
  const values = slope.dataSync<'float32'>()
  slope.dispose()
  return { direction, slope: Float64Array.from(values) }
}
