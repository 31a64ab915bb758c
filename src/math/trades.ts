import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { addCrossEntropy, addDivergence, meanOverPairs } from './pairLoss.js'

/**
 * TRADES' loss: mean_i −log softmax(f(x_i))_{y_i} + β·KL(softmax(f(x_i)) ‖ softmax(f(x'_i))).
 *
 * @param logits 2n × classes: f(x), then f(x')
 * @param labels 2n × classes, one-hot
 * @param beta β ≥ 0; 0 leaves the cross entropy of the natural images
 * Source: Zhang et al., "Theoretically Principled Trade-off between Robustness and Accuracy", ICML 2019.
 */
export const tradesLoss = (logits: Tensor2D, labels: Tensor2D, beta: number): Scalar =>
  meanOverPairs(
    logits,
    labels,
    (pair, gradient) =>
      addCrossEntropy(pair.natural, pair.label, 1, gradient.natural) + addDivergence(pair, beta, gradient),
  )
