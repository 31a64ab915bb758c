import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'

export interface DistillationOptions {
  /** T > 0: softens both distributions. */
  readonly temperature: number
  /** α > 0: weight of the loss. */
  readonly alpha: number
}

/**
 * Distillation loss of PwoA's reference:
 *
 *     L = α·T² / (n·C) · Σ_i Σ_c p_t (log p_t − log p_s),   p_t = softmax(t/T), p_s = softmax(s/T)
 *     ∂L/∂s = α·T / (n·C) · (p_s − p_t)
 *
 * a KL divergence that the reference averages over examples and classes alike (the default reduction of PyTorch's
 * `KLDivLoss`), so that it is a C-th of the usual batch mean. The gradient goes to the student alone.
 *
 * @param student n × C logits
 * @param teacher n × C logits
 */
export const distillationLoss = (
  student: Tensor2D,
  teacher: Tensor2D,
  { temperature, alpha }: DistillationOptions,
): Scalar => {
  const [examples, classes] = student.shape
  const scale = alpha / (examples * classes)
  return tf.customGrad((s, save) => {
    const logTeacher = tf.logSoftmax(tf.div(teacher, temperature))
    const logStudent = tf.logSoftmax(tf.div(s as Tensor, temperature))
    const pTeacher = tf.exp(logTeacher)
    const divergence = tf.sum(tf.mul(pTeacher, tf.sub(logTeacher, logStudent)))
    const saved = [tf.sub(tf.exp(logStudent), pTeacher)]
    ;(save as (tensors: Tensor[]) => void)(saved)
    return {
      value: tf.mul(divergence, scale * temperature ** 2),
      gradFunc: (dy, kept) => tf.mul(tf.mul(dy, scale * temperature), (kept as Tensor[])[0] as Tensor),
    }
  })(student) as Scalar
}
