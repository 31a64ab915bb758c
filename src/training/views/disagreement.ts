import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { Network } from '../network/network.js'

/**
 * The direction of the L∞ ball in which v·(f − g) rises most, to first order: the signs of its gradient, −1, 0 or 1 at
 * each pixel. The rise over a radius ε is ε times the L1 norm of that gradient. Batch normalisation uses running
 * statistics.
 *
 * @param images n × height × width × channels
 * @param combination v, n × classes
 * @returns the caller's
 */
export const disagreement = (f: Network, g: Network, images: Tensor4D, combination: Float32Array): Tensor4D =>
  tf.tidy(() => {
    const examples = images.shape[0]
    const v = tf.tensor2d(combination, [examples, combination.length / examples])
    const gradientOf = (network: Network): Tensor4D => {
      const combined = (x: Tensor): Scalar => tf.sum(tf.mul(network.logits(x as Tensor4D), v)) as Scalar
      return tf.grad(combined)(images) as Tensor4D
    }
    return tf.sign(tf.sub(gradientOf(f), gradientOf(g))) as Tensor4D
  })
