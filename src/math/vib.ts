import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'

/**
 * mean_i KL(N(μ_i, diag exp(s_i)) ‖ N(0, I)) = mean_i ½·Σ_k (μ_ik² + exp(s_ik) − 1 − s_ik), in nats: an upper bound on
 * a Gaussian code's information about its image.
 *
 * @param mean μ, n × size
 * @param logVariance s, n × size
 * Source: Alemi et al., "Deep Variational Information Bottleneck", ICLR 2017.
 */
export const divergenceFromPrior = (mean: Tensor2D, logVariance: Tensor2D): Scalar => {
  // expm1, because exp(s) and 1 cancel near the prior.
  const ofVariance = tf.sub(tf.expm1(logVariance), logVariance)
  return tf.mul(tf.mean(tf.sum(tf.add(tf.square(mean), ofVariance), 1)), 0.5) as Scalar
}
