import type { Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { rowLosses } from '../../math/rowGradient.js'
import { lossesAndGradient } from '../common/ascend.js'
import type { Attempt } from '../common/attempts.js'
import { reportGradient } from '../common/gradientWatch.js'
import { type Losses, runnerUp } from '../common/losses.js'
import { norms } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'
import { progressOfPart } from '../common/steps.js'
import type { ConstantSearch } from './cwConstants.js'
import { variablesOf } from './cwVariables.js'

/** Options of the attack with their defaults filled in, see `cwL2Options`, and the search for c. */
export interface CwSettings {
  readonly confidence: number
  readonly learningRate: number
  readonly steps: number
  readonly searchSteps: number
  readonly search: ConstantSearch
}

/** Receives the points of each step, their logits, and their L2 distances from the images. */
type Observe = (points: Tensor4D, logits: Float32Array, lengths: Float32Array) => void

/**
 * Reports the shortest perturbation of each example over all values of c to the attempt. Yields the share of the work
 * that is done.
 */
export function* findShortest(attempt: Attempt, settings: CwSettings): Generator<number, void, undefined> {
  const { images, classes } = attempt
  const { confidence, searchSteps, search } = settings
  const size = images.size / classes.length
  const best = new Float32Array(images.size)
  const bestLengths = new Float32Array(classes.length).fill(Number.POSITIVE_INFINITY)
  for (let i = 0; i < searchSteps; i++) {
    const found = new Set<number>()
    const observe: Observe = (points, logits, lengths) => {
      const rows = brokenRows(logits, classes, confidence)
      for (const row of rows) found.add(row)
      const shorter = rows.filter((row) => (lengths[row] ?? 0) < (bestLengths[row] ?? 0))
      if (shorter.length === 0) return
      const values = points.dataSync<'float32'>()
      for (const row of shorter) {
        best.set(values.subarray(row * size, (row + 1) * size), row * size)
        bestLengths[row] = lengths[row] ?? 0
      }
    }
    yield* progressOfPart(descent(attempt, settings, observe), i, searchSteps)
    search.update((row) => found.has(row))
  }
  for (const [row, length] of bestLengths.entries())
    if (Number.isFinite(length)) attempt.onBroken(row, best.subarray(row * size, (row + 1) * size))
}

/** Minimises ‖x' − x‖₂² + c·max(z_y − max_{j ≠ y} z_j, −κ) from the images. */
function* descent(
  attempt: Attempt,
  { confidence, learningRate, steps, search }: CwSettings,
  observe: Observe,
): Generator<number, void, undefined> {
  const { classifier, images, classes } = attempt
  const objective = hinge(classes, search.constants, confidence)
  const variables = variablesOf(images, learningRate)
  try {
    for (let i = 0; i < steps; i++) {
      const gradient = tf.tidy(() => {
        const points = variables.images()
        const { logits, gradient: ofLosses } = lossesAndGradient(classifier, points, objective)
        reportGradient(attempt, ofLosses)
        const delta = tf.sub(points, images) as Tensor4D
        observe(points, logits, norms.L2.lengths(delta).dataSync<'float32'>())
        return tf.add(ofLosses, tf.mul(delta, 2))
      })
      variables.descend(gradient)
      yield (i + 1) / steps
    }
  } finally {
    variables.dispose()
  }
}

/** c·max(z_y − max_{j ≠ y} z_j, −κ). */
const hinge = (classes: Int32Array, constants: Float32Array, confidence: number): Losses =>
  rowLosses((logits, gradient, row) => {
    const label = classes[row] ?? 0
    const constant = constants[row] ?? 0
    const other = runnerUp(logits, label)
    const lead = (logits[label] ?? 0) - (logits[other] ?? 0)
    if (lead < -confidence) return -constant * confidence
    gradient[label] = constant
    gradient[other] = -constant
    return constant * lead
  })

/** The rows in which another logit exceeds that of the true class by more than κ. */
const brokenRows = (logits: Float32Array, classes: Int32Array, confidence: number): readonly number[] => {
  const count = logits.length / classes.length
  const handicapped = logits.slice()
  for (const [row, label] of classes.entries())
    handicapped[row * count + label] = (logits[row * count + label] ?? 0) + confidence
  const guesses = predictionsOf(handicapped, count)
  return Array.from(classes.keys()).filter((row) => guesses[row] !== classes[row])
}
