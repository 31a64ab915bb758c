import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core'
import type { DoubleValue } from '../engine/graph/doubleNodes.js'
import type { LossInputs, LossValues } from '../engine/graph/graphLoss.js'
import { logSoftmax } from './logSoftmax.js'
import { totalLoss } from './rowGradient.js'

/** Settings of {@link distillationLoss}. */
export interface DistillationOptions {
  /** T > 0: softens both distributions. */
  readonly temperature: number
  /** α > 0: weight of the loss. */
  readonly alpha: number
}

/**
 * PwoA's distillation loss:
 *
 *     L = α·T² / (n·C) · Σ_i Σ_c p_t (log p_t − log p_s),   p_t = softmax(t/T), p_s = softmax(s/T)
 *     ∂L/∂s = α·T / (n·C) · (p_s − p_t)
 *
 * This KL divergence is averaged over examples and over classes, as PwoA's released code does (the default reduction of
 * PyTorch's `KLDivLoss`): it is 1/C of the usual batch mean. Only the student gets a gradient.
 *
 * @param student n × C logits
 * @param teacher n × C logits
 * Source: Jian et al., "Pruning Adversarially Robust Neural Networks without Adversarial Examples", ICDM 2022, eq. 5;
 * Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network", 2015.
 */
export const distillationLoss = (
  student: Tensor2D,
  teacher: Tensor2D,
  { temperature, alpha }: DistillationOptions,
): Scalar => {
  const [examples, classes] = student.shape
  const scale = alpha / (examples * classes)
  return totalLoss(student, (logits, gradient) => {
    const logStudent = logSoftmax(logits, classes, temperature)
    const logTeacher = logSoftmax(teacher.dataSync(), classes, temperature)
    let divergence = 0
    for (let i = 0; i < gradient.length; i++) {
      const [ofTeacher, ofStudent] = [logTeacher[i] ?? 0, logStudent[i] ?? 0]
      const pTeacher = Math.exp(ofTeacher)
      divergence += pTeacher * (ofTeacher - ofStudent)
      gradient[i] = scale * temperature * (Math.exp(ofStudent) - pTeacher)
    }
    return divergence * scale * temperature ** 2
  })
}

/** `distillationLoss` as a part of a graph, in float64 as there. It is fed the teacher's logits as `teacher`. */
export const distillationInGraph =
  ({ temperature, alpha }: DistillationOptions) =>
  ({ graph, count, logits: { value: student, features: classes }, fed }: LossInputs): LossValues => {
    const scale = alpha / (count * classes)
    const [logStudent, logTeacher] = [student, fed('teacher')].map((logits) =>
      graph.logSoftmaxDouble(graph.scaleDouble(graph.toDouble(logits), 1 / temperature)),
    ) as [DoubleValue, DoubleValue]
    const pTeacher = graph.exponentialDouble(logTeacher)
    const divergence = graph.multiplyDouble(pTeacher, graph.subtractDouble(logTeacher, logStudent))
    const pull = graph.subtractDouble(graph.exponentialDouble(logStudent), pTeacher)
    return {
      loss: graph.toFloat(graph.scaleDouble(graph.totalDouble(divergence, [0, 1]), scale * temperature ** 2)),
      logits: graph.toFloat(graph.scaleDouble(pull, scale * temperature)),
    }
  }
