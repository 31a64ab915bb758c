import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'
import { crossEntropyLoss } from './crossEntropy.js'
import { addDivergence, meanOverPairs } from './pairLoss.js'

/**
 * LBGAT's loss, which trains a robust network f and a natural network g together:
 *
 *     L = mean_{i,c} (f(x'_i) − g(x_i))_c² + mean_i −log softmax(g(x_i))_{y_i}
 *         + β·mean_i KL(softmax(f(x_i)) ‖ softmax(f(x'_i)))
 *
 * @param logits 2n × classes: f(x), then f(x')
 * @param guide n × classes: g(x)
 * @param labels 2n × classes, one-hot
 * @param beta β ≥ 0
 * Source: Cui et al., "Learnable Boundary Guided Adversarial Training", ICCV 2021.
 */
export const lbgatLoss = (logits: Tensor2D, guide: Tensor2D, labels: Tensor2D, beta: number): Scalar => {
  const examples = guide.shape[0]
  const attacked = tf.slice(logits, examples)
  const guided = tf.add(
    tf.mean(tf.squaredDifference(attacked, guide)),
    crossEntropyLoss(guide, tf.slice(labels, 0, examples)),
  ) as Scalar
  if (beta === 0) return guided
  const kept = meanOverPairs(logits, labels, (pair, gradient) => addDivergence(pair, beta, gradient))
  return tf.add(guided, kept)
}
