import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'
import { logSoftmax } from './logSoftmax.js'

/** An example's answers: to its natural image, and to its attacked one. */
export interface AnswerPair {
  /** log p, p = softmax(f(x)) */
  readonly natural: Float64Array
  /** log q, q = softmax(f(x')) */
  readonly attacked: Float64Array
  /** y */
  readonly label: number
}

/** Where a loss writes its gradients, which are zeros before: ∂/∂f(x) and ∂/∂f(x'). */
export interface PairGradient {
  readonly natural: Float64Array
  readonly attacked: Float64Array
}

/** One example's loss; adds to its gradients. */
export type PairLoss = (pair: AnswerPair, gradient: PairGradient) => number

/**
 * Mean over the examples of a loss of their answers to two images. A few numbers an example: computed here in float64,
 * for less than the tensor operations that it would take.
 *
 * @param logits 2n × classes: of the natural images, then of the attacked ones in the same order
 * @param labels 2n × classes, one-hot; the first n count
 */
export const meanOverPairs = (logits: Tensor2D, labels: Tensor2D, loss: PairLoss): Scalar => {
  const [rows, classes] = logits.shape
  const examples = rows / 2
  return tf.customGrad((input) => {
    const logAnswers = logSoftmax((input as Tensor2D).dataSync(), classes)
    const oneHot = labels.dataSync<'float32'>()
    const gradients = new Float64Array(rows * classes)
    const row = (of: Float64Array, index: number): Float64Array => of.subarray(index * classes, (index + 1) * classes)
    let sum = 0
    for (let i = 0; i < examples; i++) {
      const label = oneHot.subarray(i * classes, (i + 1) * classes).indexOf(1)
      const pair = { natural: row(logAnswers, i), attacked: row(logAnswers, examples + i), label }
      sum += loss(pair, { natural: row(gradients, i), attacked: row(gradients, examples + i) })
    }
    const mean = Float32Array.from(gradients, (value) => value / examples)
    return {
      value: tf.scalar(sum / examples),
      gradFunc: (dy: Tensor) => tf.mul(dy, tf.tensor2d(mean, [rows, classes])),
    }
  })(logits) as Scalar
}

/** −log p_y of one answer, times `weight`; its gradient weight·(p − 1_y) is added. */
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
 * weight·KL(p ‖ q). Its gradients are added: weight·(q − p) for f(x'), and weight·p∘(log p − log q − KL) for f(x), which
 * TRADES and MART let flow, too.
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
