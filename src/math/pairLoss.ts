import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import { logSoftmax } from './logSoftmax.js'
import { totalLoss } from './rowGradient.js'

/** A network's answers to an example's natural image and to its attacked one. */
export interface AnswerPair {
  /** log p, p = softmax(f(x)) */
  readonly natural: Float64Array
  /** log q, q = softmax(f(x')) */
  readonly attacked: Float64Array
  /** y */
  readonly label: number
}

/** The arrays to which a loss adds its gradients ∂/∂f(x) and ∂/∂f(x'); they start as zeros. */
export interface PairGradient {
  readonly natural: Float64Array
  readonly attacked: Float64Array
}

/** Returns one example's loss, and adds its gradients. */
export type PairLoss = (pair: AnswerPair, gradient: PairGradient) => number

/**
 * Mean over the examples of a loss of their answers to two images.
 *
 * @param logits 2n × classes: of the natural images, then of the attacked ones in the same order
 * @param labels 2n × classes, one-hot; only the first n are read
 */
export const meanOverPairs = (logits: Tensor2D, labels: Tensor2D, loss: PairLoss): Scalar => {
  const [rows, classes] = logits.shape
  const examples = rows / 2
  return totalLoss(logits, (values, gradient) => {
    const logAnswers = logSoftmax(values, classes)
    const oneHot = labels.dataSync<'float32'>()
    const sums = new Float64Array(rows * classes)
    const row = (of: Float64Array, index: number): Float64Array => of.subarray(index * classes, (index + 1) * classes)
    let sum = 0
    for (let i = 0; i < examples; i++) {
      const label = oneHot.subarray(i * classes, (i + 1) * classes).indexOf(1)
      const pair = { natural: row(logAnswers, i), attacked: row(logAnswers, examples + i), label }
      sum += loss(pair, { natural: row(sums, i), attacked: row(sums, examples + i) })
    }
    for (let i = 0; i < sums.length; i++) gradient[i] = (sums[i] ?? 0) / examples
    return sum / examples
  })
}

/** −weight·log p_y of one answer. Adds its gradient weight·(p − 1_y). */
export const addCrossEntropy = (
  logAnswer: Float64Array,
  label: number,
  weight: number,
  gradient: Float64Array,
): number => {
  for (let c = 0; c < logAnswer.length; c++)
    gradient[c] = (gradient[c] ?? 0) + weight * (Math.exp(logAnswer[c] ?? 0) - (c === label ? 1 : 0))
  return -weight * (logAnswer[label] ?? 0)
}

/**
 * weight·KL(p ‖ q). Adds its gradients: weight·(q − p) for f(x'), and weight·p∘(log p − log q − KL) for f(x), through
 * which TRADES and MART differentiate, too.
 */
export const addDivergence = ({ natural, attacked }: AnswerPair, weight: number, gradient: PairGradient): number => {
  let divergence = 0
  for (let c = 0; c < natural.length; c++)
    divergence += Math.exp(natural[c] ?? 0) * ((natural[c] ?? 0) - (attacked[c] ?? 0))
  for (let c = 0; c < natural.length; c++) {
    const [logP, logQ] = [natural[c] ?? 0, attacked[c] ?? 0]
    const p = Math.exp(logP)
    gradient.attacked[c] = (gradient.attacked[c] ?? 0) + weight * (Math.exp(logQ) - p)
    gradient.natural[c] = (gradient.natural[c] ?? 0) + weight * p * (logP - logQ - divergence)
  }
  return weight * divergence
}
