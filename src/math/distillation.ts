import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'
import { logSoftmax } from './logSoftmax.js'

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
 * `KLDivLoss`), so that it is a C-th of the usual batch mean. The gradient goes to the student alone. A few numbers an
 * example: computed here in float64, for less than the tensor operations that it would take.
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
  return tf.customGrad((s) => {
    const logStudent = logSoftmax((s as Tensor2D).dataSync(), classes, temperature)
    const logTeacher = logSoftmax(teacher.dataSync(), classes, temperature)
    const gradient = new Float32Array(examples * classes)
    let divergence = 0
    for (let i = 0; i < gradient.length; i++) {
      const [ofTeacher, ofStudent] = [logTeacher[i] ?? 0, logStudent[i] ?? 0]
      const pTeacher = Math.exp(ofTeacher)
      divergence += pTeacher * (ofTeacher - ofStudent)
      gradient[i] = scale * temperature * (Math.exp(ofStudent) - pTeacher)
    }
    return {
      value: tf.scalar(divergence * scale * temperature ** 2),
      gradFunc: (dy: Tensor) => tf.mul(dy, tf.tensor2d(gradient, [examples, classes])),
    }
  })(student) as Scalar
}
