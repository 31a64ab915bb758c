import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { type AnswerPair, addCrossEntropy, addDivergence, meanOverPairs, type PairGradient } from './pairLoss.js'

/** Keeps −log(1 − q_k) below 9.2 if the network is sure of a wrong class: the 1.0001 of MART's released code. */
const CEILING = 1.0001

/**
 * MART's loss: mean_i BCE(q_i, y_i) + λ·(1 − p_{i,y_i})·KL(p_i ‖ q_i), p = softmax(f(x)), q = softmax(f(x')), with the
 * boosted cross entropy BCE(q, y) = −log q_y − log(1.0001 − max_{k ≠ y} q_k).
 *
 * @param logits 2n × classes: f(x), then f(x')
 * @param labels 2n × classes, one-hot
 * @param lambda λ ≥ 0
 * Source: Wang et al., "Improving Adversarial Robustness Requires Revisiting Misclassified Examples", ICLR 2020.
 */
export const martLoss = (logits: Tensor2D, labels: Tensor2D, lambda: number): Scalar =>
  meanOverPairs(
    logits,
    labels,
    (pair, gradient) =>
      addCrossEntropy(pair.attacked, pair.label, 1, gradient.attacked) +
      addMargin(pair, gradient.attacked) +
      addMissedDivergence(pair, lambda, gradient),
  )

/** −log(1.0001 − q_k), k the likeliest wrong class; ∂/∂z_c = q_k·(1_{c = k} − q_c) / (1.0001 − q_k). */
const addMargin = ({ attacked, label }: AnswerPair, gradient: Float64Array): number => {
  let wrong = label === 0 ? 1 : 0
  for (let c = 0; c < attacked.length; c++) if (c !== label && (attacked[c] ?? 0) > (attacked[wrong] ?? 0)) wrong = c
  const likely = Math.exp(attacked[wrong] ?? 0)
  const left = CEILING - likely
  for (let c = 0; c < attacked.length; c++)
    gradient[c] = (gradient[c] ?? 0) + (likely * ((c === wrong ? 1 : 0) - Math.exp(attacked[c] ?? 0))) / left
  return -Math.log(left)
}

/** λ·(1 − p_y)·KL(p ‖ q); the weight's own gradient is −λ·KL·p_y·(1_{c = y} − p_c). */
const addMissedDivergence = (pair: AnswerPair, lambda: number, gradient: PairGradient): number => {
  const { natural, label } = pair
  const known = Math.exp(natural[label] ?? 0)
  const missed = 1 - known
  const none = { natural: new Float64Array(natural.length), attacked: new Float64Array(natural.length) }
  const divergence = addDivergence(pair, 1, none)
  for (let c = 0; c < natural.length; c++) {
    const ofWeight = -divergence * known * ((c === label ? 1 : 0) - Math.exp(natural[c] ?? 0))
    gradient.natural[c] = (gradient.natural[c] ?? 0) + lambda * (missed * (none.natural[c] ?? 0) + ofWeight)
    gradient.attacked[c] = (gradient.attacked[c] ?? 0) + lambda * missed * (none.attacked[c] ?? 0)
  }
  return lambda * missed * divergence
}
