import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { lossesAndGradient, type Pass } from '../common/ascend.js'
import type { AttackInput } from '../common/attack.js'
import { reportGradient } from '../common/gradientWatch.js'
import type { Losses } from '../common/losses.js'
import type { Ball, Norm } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'
import { gatherRows } from '../common/steps.js'
import { stepSizes } from './stepSizes.js'

/** What Auto-PGD takes. It frees `delta`; the other tensors belong to the caller. */
export interface AutoPgdInput extends Omit<AttackInput, 'seed'> {
  /** True classes, n. */
  readonly classes: Int32Array
  readonly norm: Norm
  readonly epsilon: number
  /** Iterations, ≥ 1. */
  readonly steps: number
  /** Passes whose gradients are averaged in each iteration, ≥ 1. */
  readonly samples: number
  /** The perturbation that it starts with, n × height × width × channels. */
  readonly delta: Tensor4D
  /** The loss for some of the rows, given their labels and their rows in the input. */
  readonly objective: (labels: Tensor2D, rows: Int32Array) => Losses
  /** The first iteration counts as one that raised the loss if its loss exceeds this. @default 0 */
  readonly leastLoss?: number
  /** Called with the first misclassified image of each row, which then takes no further part. */
  readonly onBroken: (row: number, image: Float32Array) => void
}

/** The state after an iteration, for the rows that are still attacked. */
export interface AutoPgdState {
  /** Their rows in the input. */
  readonly rows: Int32Array
  /** Largest loss of each row so far. */
  readonly bestLosses: Float32Array
  /** The images with that loss. */
  readonly bestImages: Tensor4D
}

/** The tensors of an iteration, with one row for each example that is still attacked. */
interface IterationTensors {
  images: Tensor4D
  labels: Tensor2D
  now: Tensor4D
  before: Tensor4D
  gradient: Tensor4D
  best: Tensor4D
  bestGradient: Tensor4D
  /** n × 1 × 1 × 1 */
  stepSize: Tensor4D
}

/** Broken rows are removed from the tensors when they are at least this share of all rows. */
const REMOVAL_SHARE = 0.1

/**
 * One run of Auto-PGD on all rows at once. Yields the share of iterations that are done.
 *
 * @param watch receives the state at the start and after each iteration
 * Source: Croce & Hein, ICML 2020, Algorithm 1.
 */
export function* autoPgd(
  input: AutoPgdInput,
  watch: (state: AutoPgdState) => void = () => undefined,
): Generator<number, void, undefined> {
  const { classifier, images, labels, classes, norm, epsilon, steps, samples, objective, leastLoss } = input
  let rows = Int32Array.from(classes.keys())
  let done = new Uint8Array(rows.length)
  const start = tf.tidy(() => tf.clipByValue(tf.add(images, input.delta), 0, 1) as Tensor4D)
  input.delta.dispose()
  let ball = norm.ball(images, epsilon)
  const tensors: IterationTensors = initialTensors({ images, labels, now: start, before: start, best: start })

  const evaluate = (): Float32Array => {
    const losses = objective(tensors.labels, rows)
    const pass = averaged(Array.from({ length: samples }, () => lossesAndGradient(classifier, tensors.now, losses)))
    tensors.gradient.dispose()
    tensors.gradient = pass.gradient
    const indices = Uint32Array.from(rows, (row) => input.indices[row] ?? 0)
    reportGradient({ indices, onGradient: input.onGradient }, pass.gradient, norm.leastGradient)
    const broken = brokenRows(pass.logits, rows, classes, done)
    if (broken.length > 0) reportBroken(tensors.now, broken, rows, input.onBroken)
    for (const row of broken) done[row] = 1
    return pass.losses
  }

  try {
    const sizes = stepSizes(evaluate(), 2 * epsilon, steps, leastLoss)
    tensors.bestGradient = swapped(tensors.bestGradient, tensors.gradient.clone())
    tensors.stepSize = swapped(tensors.stepSize, column(sizes.lengths()))
    watch({ rows, bestLosses: sizes.best(), bestImages: tensors.best })
    for (let i = 0; i < steps; i++) {
      const kept = rows.filter((_, row) => done[row] === 0).length
      if (kept === 0) return
      if (done.length - kept >= REMOVAL_SHARE * done.length) {
        const stay = Int32Array.from(done.keys()).filter((row) => done[row] === 0)
        rows = stay.map((row) => rows[row] ?? 0)
        done = new Uint8Array(kept)
        sizes.keep(stay)
        keepRows(tensors, stay)
        ball.dispose()
        ball = norm.ball(tensors.images, epsilon)
      }
      const next = tf.tidy(() => advanced(tensors, ball, norm, i))
      tensors.before.dispose()
      tensors.before = tensors.now
      tensors.now = next
      const improved = sizes.update(evaluate())
      if (improved) {
        tensors.best = swapped(tensors.best, chosen(improved, tensors.now, tensors.best))
        tensors.bestGradient = swapped(tensors.bestGradient, chosen(improved, tensors.gradient, tensors.bestGradient))
      }
      const halved = sizes.checkpoint()
      if (halved) {
        tensors.now = swapped(tensors.now, chosen(halved, tensors.best, tensors.now))
        tensors.gradient = swapped(tensors.gradient, chosen(halved, tensors.bestGradient, tensors.gradient))
        tensors.stepSize = swapped(tensors.stepSize, column(sizes.lengths()))
      }
      watch({ rows, bestLosses: sizes.best(), bestImages: tensors.best })
      yield (i + 1) / steps
    }
  } finally {
    ball.dispose()
    tf.dispose([...Object.values(tensors)])
  }
}

/**
 * Tensors that the iteration may replace and free, independent of the input. Gradients and step sizes are placeholders
 * until the first evaluation.
 */
const initialTensors = (
  given: Pick<IterationTensors, 'images' | 'labels' | 'now' | 'before' | 'best'>,
): IterationTensors => ({
  images: given.images.clone(),
  labels: given.labels.clone(),
  now: given.now,
  before: given.before.clone(),
  best: given.best.clone(),
  gradient: tf.zeros([0, 0, 0, 0]),
  bestGradient: tf.zeros([0, 0, 0, 0]),
  stepSize: tf.zeros([0, 0, 0, 0]),
})

/** Returns `next` after freeing `old`. */
const swapped = (old: Tensor4D, next: Tensor4D): Tensor4D => {
  old.dispose()
  return next
}

/** One number per row, n × 1 × 1 × 1. */
const column = (values: Float32Array): Tensor4D => tf.tensor4d(values, [values.length, 1, 1, 1])

/** `yes` in the rows that are marked with 1, `no` in the others. */
const chosen = (rows: Uint8Array, yes: Tensor4D, no: Tensor4D): Tensor4D =>
  tf.tidy(() => tf.where(tf.tensor4d(rows, [rows.length, 1, 1, 1], 'bool'), yes, no) as Tensor4D)

/** Removes all rows except these from every tensor. */
const keepRows = (tensors: IterationTensors, stay: Int32Array): void => {
  for (const name of Object.keys(tensors) as (keyof IterationTensors)[]) {
    const old: Tensor = tensors[name]
    Object.assign(tensors, { [name]: gatherRows(old, stay) })
    old.dispose()
  }
}

/** The logits and losses of the last pass, and the mean gradient of all passes: an expectation over random outputs. */
const averaged = ([...passes]: readonly Pass[]): Pass => {
  const last = passes.at(-1)
  if (!last) throw new Error('no pass')
  if (passes.length === 1) return last
  const gradient = tf.tidy(() => tf.div(tf.addN(passes.map((pass) => pass.gradient)), passes.length) as Tensor4D)
  tf.dispose(passes.map((pass) => pass.gradient))
  return { ...last, gradient }
}

/** The rows that are misclassified for the first time. */
const brokenRows = (
  logits: Float32Array,
  rows: Int32Array,
  classes: Int32Array,
  done: Uint8Array,
): readonly number[] => {
  const guesses = predictionsOf(logits, logits.length / rows.length)
  return Array.from(guesses.keys()).filter((row) => done[row] === 0 && guesses[row] !== classes[rows[row] ?? 0])
}

const reportBroken = (
  now: Tensor4D,
  broken: readonly number[],
  rows: Int32Array,
  onBroken: (row: number, image: Float32Array) => void,
): void => {
  const found = gatherRows(now, Int32Array.from(broken))
  const values = found.dataSync<'float32'>()
  found.dispose()
  const size = values.length / broken.length
  for (const [i, row] of broken.entries()) onBroken(rows[row] ?? 0, values.subarray(i * size, (i + 1) * size))
}

/** x + ¾(z − x) + ¼(x − x₋₁), z = Π(x + η·ascent(g)); without momentum in the first iteration. */
const advanced = (
  { now, before, gradient, stepSize }: IterationTensors,
  ball: Ball,
  norm: Norm,
  iteration: number,
): Tensor4D => {
  const z = ball.project(tf.add(now, tf.mul(norm.ascent(gradient), stepSize)))
  if (iteration === 0) return z
  const step = tf.mul(tf.sub(z, now), 1 - MOMENTUM)
  return ball.project(tf.add(tf.add(now, step), tf.mul(tf.sub(now, before), MOMENTUM)))
}

const MOMENTUM = 0.25
