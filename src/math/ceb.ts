import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'

/**
 * mean_i log e(z_i|x_i) − log b(z_i|y_i) of Gaussians of variance 1 around μ_i and c_i, in nats. Its expectation is an
 * upper bound on I(X; Z|Y), the code's information about its image beyond the label.
 *
 *     mean_i ½·(‖z_i − c_i‖² − ‖z_i − μ_i‖²) = mean_i ½·Σ_k (μ_ik − c_ik)·(2·z_ik − c_ik − μ_ik)
 *
 * @param sample z, n × size
 * @param mean μ of e(z|x), n × size
 * @param classMean c of b(z|y), n × size
 * Source: Fischer, "The Conditional Entropy Bottleneck", Entropy 22, 2020.
 */
export const residualInformation = (sample: Tensor2D, mean: Tensor2D, classMean: Tensor2D): Scalar => {
  // Written as one product, because the two squares are nearly equal if the code is wide.
  const outside = tf.sub(tf.mul(sample, 2), tf.add(classMean, mean))
  return tf.mul(tf.mean(tf.sum(tf.mul(tf.sub(mean, classMean), outside), 1)), 0.5) as Scalar
}
