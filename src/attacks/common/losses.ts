import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { softmaxCrossEntropy } from '../../engine/ops/softmaxCrossEntropy.js'
import { logSoftmax } from '../../math/logSoftmax.js'
import { rowLosses } from '../../math/rowGradient.js'
import { classesOf } from './predictions.js'

/** What an attack maximises: a differentiable function from logits, n × classes, to n losses. */
export type Losses = (logits: Tensor2D) => Tensor1D

/** Cross entropy with the true class. @param labels one-hot, n × classes */
export const crossEntropy =
  (labels: Tensor2D): Losses =>
  (logits) =>
    softmaxCrossEntropy(logits, labels)

/** m below which log(1 + e^m) and m are the same in float64, up to e^m. */
const TAIL = -40

/**
 * The logarithm of the cross entropy, from the log-sum-exp margin m = log Σ_{c ≠ y} exp z_c − z_y, in float64:
 * cross entropy = log(1 + e^m), and ∂ cross entropy/∂z = σ(m)·(q − onehot_y), where q is the softmax of the wrong
 * classes alone. Where the network is certain, m is very negative: in float32 softmax_y rounds to 1, and σ(m) to 0. The
 * logarithm has the gradient σ(m)/log(1 + e^m)·(q − onehot_y), whose factor tends to 1: the direction of the cross
 * entropy's gradient, for each example and at any scale of the logits, and of a length that does not vanish.
 *
 * @param labels n classes
 * Source: the underflow, and logits rescaled against it: Carlini & Wagner, "Defensive Distillation is Not Robust to
 * Adversarial Examples", 2016 (arXiv:1607.04311), and Croce & Hein, ICML 2020, Sec. 4. Here no scale is chosen.
 */
export const logCrossEntropy = (labels: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => {
    const label = labels[row] ?? 0
    const top = logits[runnerUp(logits, label)] ?? 0
    let sum = 0
    for (const [c, logit] of logits.entries()) if (c !== label) sum += Math.exp(logit - top)
    const m = top + Math.log(sum) - (logits[label] ?? 0)
    const entropy = Math.max(m, 0) + Math.log1p(Math.exp(-Math.abs(m)))
    const factor = m < TAIL ? 1 : 1 / (1 + Math.exp(-m)) / entropy
    for (const [c, logit] of logits.entries())
      gradient[c] = c === label ? -factor : (factor * Math.exp(logit - top)) / sum
    return m < TAIL ? m : Math.log(entropy)
  })

/** The classes of a row in the order of their logits, the largest first; among equal logits, the lower class first. */
export const classesByLogit = (logits: Float32Array): readonly number[] =>
  Array.from(logits, (_, c) => c).sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b)

/** The class with the largest logit apart from `label`. @param logits of one example */
export const runnerUp = (logits: Float32Array, label: number): number => {
  let best = label === 0 ? 1 : 0
  for (let c = 0; c < logits.length; c++) if (c !== label && (logits[c] ?? 0) > (logits[best] ?? 0)) best = c
  return best
}

/** max_{c ≠ y} z_c − z_y: the margin loss of Carlini & Wagner (S&P 2017), without its bound. @param labels n classes */
export const margin = (labels: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => {
    const label = labels[row] ?? 0
    return logitDifference(logits, gradient, runnerUp(logits, label), label)
  })

/** z_target − z_y. @param labels n classes @param targets n classes */
export const targetedMargin = (labels: ArrayLike<number>, targets: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => logitDifference(logits, gradient, targets[row] ?? 0, labels[row] ?? 0))

/** The value of z_up − z_down; adds its gradient to `gradient`. */
const logitDifference = (logits: Float32Array, gradient: Float32Array, up: number, down: number): number => {
  gradient[up] = (gradient[up] ?? 0) + 1
  gradient[down] = (gradient[down] ?? 0) - 1
  return (logits[up] ?? 0) - (logits[down] ?? 0)
}

/** Keeps the difference of logits ratio finite; the value of the official AutoAttack. */
const GUARD = 1e-12

/** The value of a quotient of two weighted sums of logits; adds its gradient, by the quotient rule, to `gradient`. */
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
 * Difference of logits ratio −(z_y − max_{c ≠ y} z_c) / (z_π1 − z_π3), where π orders the logits, largest first. Two
 * classes have no third logit, and the ratio would be constant, so the margin is used instead.
 *
 * @param labels n classes
 * Source: Croce & Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free
 * attacks", ICML 2020, Eq. 6.
 */
export const dlr = (labels: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => {
    const label = labels[row] ?? 0
    const [first = 0, second = 0, third] = classesByLogit(logits)
    const other = first === label ? second : first
    if (third === undefined) return logitDifference(logits, gradient, other, label)
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
 * ratio would be constant for the last of them, so z_target − z_y is used instead.
 *
 * @param labels n classes
 * @param targets n classes
 * Source: Croce & Hein, ICML 2020, Eq. 7.
 */
export const targetedDlr = (labels: ArrayLike<number>, targets: ArrayLike<number>): Losses =>
  rowLosses((logits, gradient, row) => {
    const [label, target] = [labels[row] ?? 0, targets[row] ?? 0]
    const [first = 0, , third, fourth] = classesByLogit(logits)
    if (third === undefined || fourth === undefined) return logitDifference(logits, gradient, target, label)
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
 * KL(softmax(target) ‖ softmax(z)), with the gradient softmax(z) − softmax(target): how far the output has moved,
 * whatever the true class is.
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

/** The losses that need only the true class, by name. Each takes labels, one-hot, n × classes. */
export const untargeted = {
  ce: crossEntropy,
  logCe: (labels: Tensor2D) => logCrossEntropy(classesOf(labels)),
  dlr: (labels: Tensor2D) => dlr(classesOf(labels)),
  margin: (labels: Tensor2D) => margin(classesOf(labels)),
} as const satisfies Readonly<Record<string, (labels: Tensor2D) => Losses>>
