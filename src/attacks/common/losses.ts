import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { softmaxCrossEntropy } from '../../engine/ops/softmaxCrossEntropy.js'
import { logSoftmax } from '../../math/logSoftmax.js'
import { rowLosses } from '../../math/rowGradient.js'
import { classesOf } from './predictions.js'

/** What an attack maximises: n × classes to n, differentiable. */
export type Losses = (logits: Tensor2D) => Tensor1D

/** Cross entropy with the true class. @param labels one-hot, n × classes */
export const crossEntropy =
  (labels: Tensor2D): Losses =>
  (logits) =>
    softmaxCrossEntropy(logits, labels)

/** The classes of a row, the largest logit first; of equal ones the first first. */
export const ranked = (logits: Float32Array): readonly number[] =>
  Array.from(logits, (_, c) => c).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b)

/** The largest logit's class among those that are not `label`. */
export const runnerUp = (logits: Float32Array, label: number): number => {
  let best = label === 0 ? 1 : 0
  for (let c = 0; c < logits.length; c++) if (c !== label && (logits[c] ?? 0) > (logits[best] ?? 0)) best = c
  return best
}

/** max_{c ≠ y} z_c − z_y: the margin loss of Carlini & Wagner (2017), without a bound. @param labels n classes */
export const margin = (labels: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => {
    const label = labels[row] ?? 0
    return difference(logits, gradient, runnerUp(logits, label), label)
  })

/** z_target − z_y. @param labels n classes; `targets` n classes */
export const towards = (labels: ArrayLike<number>, targets: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => difference(logits, gradient, targets[row] ?? 0, labels[row] ?? 0))

const difference = (logits: Float32Array, gradient: Float32Array, up: number, down: number): number => {
  gradient[up] = (gradient[up] ?? 0) + 1
  gradient[down] = (gradient[down] ?? 0) - 1
  return (logits[up] ?? 0) - (logits[down] ?? 0)
}

/** Keeps the difference-of-logits ratio finite; the official AutoAttack's. */
const GUARD = 1e-12

/** (numerator z) / (denominator z), each a sum of logits with weights: its value, and the quotient rule. */
const ratio = (
  logits: Float32Array,
  gradient: Float32Array,
  numerator: readonly (readonly [number, number])[],
  denominator: readonly (readonly [number, number])[],
): number => {
  const total = (terms: readonly (readonly [number, number])[]): number =>
    terms.reduce((sum, [c, weight]) => sum + weight * (logits[c] ?? 0), 0)
  const below = total(denominator) + GUARD
  const value = total(numerator) / below
  for (const [c, weight] of numerator) gradient[c] = (gradient[c] ?? 0) + weight / below
  for (const [c, weight] of denominator) gradient[c] = (gradient[c] ?? 0) - (weight * value) / below
  return value
}

/**
 * Difference of logits ratio −(z_y − max_{c ≠ y} z_c) / (z_π1 − z_π3), π the order of the logits, largest first. With
 * two classes there is no third logit, and the ratio would be constant: it is the margin then.
 *
 * @param labels n classes
 * Source: Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks", ICML 2020, Eq. 6.
 */
export const dlr = (labels: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => {
    const label = labels[row] ?? 0
    const [first = 0, second = 0, third] = ranked(logits)
    const other = first === label ? second : first
    if (third === undefined) return difference(logits, gradient, other, label)
    return ratio(
      logits,
      gradient,
      [
        [other, 1],
        [label, -1],
      ],
      [
        [first, 1],
        [third, -1],
      ],
    )
  })

/**
 * Targeted difference of logits ratio −(z_y − z_target) / (z_π1 − ½(z_π3 + z_π4)). With fewer than four classes the
 * ratio would be constant towards the last of them: it is z_target − z_y then.
 *
 * @param labels n classes
 * @param targets n classes
 * Source: Croce & Hein, ICML 2020, Eq. 7.
 */
export const targetedDlr = (labels: ArrayLike<number>, targets: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => {
    const [label, target] = [labels[row] ?? 0, targets[row] ?? 0]
    const [first = 0, , third, fourth] = ranked(logits)
    if (third === undefined || fourth === undefined) return difference(logits, gradient, target, label)
    return ratio(
      logits,
      gradient,
      [
        [target, 1],
        [label, -1],
      ],
      [
        [first, 1],
        [third, -0.5],
        [fourth, -0.5],
      ],
    )
  })

/**
 * KL(softmax(target) ‖ softmax(z)), with the gradient softmax(z) − softmax(target): how far the answers have moved,
 * whatever the true class.
 *
 * @param target logits, n × classes, row by row
 * Source: Zhang et al., "Theoretically Principled Trade-off between Robustness and Accuracy", ICML 2019, Algorithm 1.
 */
export const divergenceFrom = (target: Float32Array): Losses =>
  rowLosses((logits, gradient, row) => {
    const classes = logits.length
    const logTarget = logSoftmax(target.subarray(row * classes, (row + 1) * classes), classes)
    const logFound = logSoftmax(logits, classes)
    let divergence = 0
    for (let c = 0; c < classes; c++) {
      const [ofTarget, found] = [logTarget[c] ?? 0, logFound[c] ?? 0]
      divergence += Math.exp(ofTarget) * (ofTarget - found)
      gradient[c] = Math.exp(found) - Math.exp(ofTarget)
    }
    return divergence
  })

/** The losses that only need to know the true class, by name. @param labels one-hot, n × classes */
export const untargeted = {
  ce: crossEntropy,
  dlr: (labels: Tensor2D) => dlr(classesOf(labels)),
  margin: (labels: Tensor2D) => margin(classesOf(labels)),
} as const satisfies Readonly<Record<string, (labels: Tensor2D) => Losses>>
