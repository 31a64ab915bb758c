import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { lossesAndGradient, type Pass } from '../common/ascend.js'
import type { Classifier } from '../common/attack.js'
import type { Losses } from '../common/losses.js'
import type { Ball, Norm } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'
import { gathered } from '../common/steps.js'
import { stepSizes } from './stepSizes.js'

/** What Auto-PGD works on. It frees `delta`; the other tensors are the caller's. */
export interface AutoPgdInput {
  readonly classifier: Classifier
  readonly images: Tensor4D
  /** One-hot, n × classes. */
  readonly labels: Tensor2D
  /** True classes, n. */
  readonly classes: Int32Array
  readonly norm: Norm
  readonly epsilon: number
  readonly steps: number
  readonly samples: number
  /** Where it starts: images + delta. */
  readonly delta: Tensor4D
  /** The loss for some of the rows, by their labels and their places in the input. */
  readonly objective: (labels: Tensor2D, rows: Int32Array) => Losses
  /** Told of each row when it is first misclassified; the row is then left out. */
  readonly broken: (row: number, image: Float32Array) => void
}

/** Where an iteration stands, row by row of those that are still in. */
export interface AutoPgdState {
  /** Places in the input. */
  readonly rows: Int32Array
  /** Largest loss so far. */
  readonly bestLosses: Float32Array
  /** The image of that loss. */
  readonly bestImages: Tensor4D
}

/** The tensors of an iteration, each with a row for each example that is still in. */
interface Rows {
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

/** Rows are gathered anew when at least so many of them have nothing left to do. */
const CROWDED = 0.1

/**
 * One try of Auto-PGD (Croce & Hein, ICML 2020, Algorithm 1) on all rows at once. Yields the share that is done;
 * `watch` sees each iteration, from the start on.
 */
export function* autoPgd(
  input: AutoPgdInput,
  watch: (state: AutoPgdState) => void = () => undefined,
): Generator<number, void, undefined> {
  const { classifier, images, labels, classes, norm, epsilon, steps, samples, objective } = input
  let rows = Int32Array.from(classes.keys())
  let done = new Uint8Array(rows.length)
  const start = tf.tidy(() => tf.clipByValue(tf.add(images, input.delta), 0, 1) as Tensor4D)
  input.delta.dispose()
  let ball = norm.ball(images, epsilon)
  const at: Rows = withOwn({ images, labels, now: start, before: start, best: start })

  const look = (): Float32Array => {
    const losses = objective(at.labels, rows)
    const pass = summed(Array.from({ length: samples }, () => lossesAndGradient(classifier, at.now, losses)))
    at.gradient.dispose()
    at.gradient = pass.gradient
    const broken = brokenRows(pass.logits, rows, classes, done)
    if (broken.length > 0) report(at.now, broken, rows, input.broken)
    for (const row of broken) done[row] = 1
    return pass.losses
  }

  try {
    const sizes = stepSizes(look(), 2 * epsilon, steps)
    at.bestGradient = swapped(at.bestGradient, at.gradient.clone())
    at.stepSize = swapped(at.stepSize, column(sizes.lengths()))
    watch({ rows, bestLosses: sizes.best(), bestImages: at.best })
    for (let i = 0; i < steps; i++) {
      const kept = rows.filter((_, row) => done[row] === 0).length
      if (kept === 0) return
      if (done.length - kept >= CROWDED * done.length) {
        const stay = Int32Array.from(done.keys()).filter((row) => done[row] === 0)
        rows = stay.map((row) => rows[row] ?? 0)
        done = new Uint8Array(kept)
        sizes.keep(stay)
        keepRows(at, stay)
        ball.dispose()
        ball = norm.ball(at.images, epsilon)
      }
      const next = tf.tidy(() => advanced(at, ball, norm, i))
      at.before.dispose()
      at.before = at.now
      at.now = next
      const improved = sizes.see(look())
      if (improved) {
        at.best = swapped(at.best, chosen(improved, at.now, at.best))
        at.bestGradient = swapped(at.bestGradient, chosen(improved, at.gradient, at.bestGradient))
      }
      const halved = sizes.checkpoint()
      if (halved) {
        at.now = swapped(at.now, chosen(halved, at.best, at.now))
        at.gradient = swapped(at.gradient, chosen(halved, at.bestGradient, at.gradient))
        at.stepSize = swapped(at.stepSize, column(sizes.lengths()))
      }
      watch({ rows, bestLosses: sizes.best(), bestImages: at.best })
      yield (i + 1) / steps
    }
  } finally {
    ball.dispose()
    tf.dispose([...Object.values(at)])
  }
}

/** Tensors of its own for all that an iteration replaces and frees; gradients and step sizes are there after the first look. */
const withOwn = (given: Pick<Rows, 'images' | 'labels' | 'now' | 'before' | 'best'>): Rows => ({
  images: given.images.clone(),
  labels: given.labels.clone(),
  now: given.now,
  before: given.before.clone(),
  best: given.best.clone(),
  gradient: tf.zeros([0, 0, 0, 0]),
  bestGradient: tf.zeros([0, 0, 0, 0]),
  stepSize: tf.zeros([0, 0, 0, 0]),
})

const swapped = (old: Tensor4D, next: Tensor4D): Tensor4D => {
  old.dispose()
  return next
}

const column = (values: Float32Array): Tensor4D => tf.tensor4d(values, [values.length, 1, 1, 1])

/** `yes` in the rows that are 1, `no` in the others. */
const chosen = (rows: Uint8Array, yes: Tensor4D, no: Tensor4D): Tensor4D =>
  tf.tidy(() => tf.where(tf.tensor4d(rows, [rows.length, 1, 1, 1], 'bool'), yes, no) as Tensor4D)

const keepRows = (at: Rows, stay: Int32Array): void => {
  for (const name of Object.keys(at) as (keyof Rows)[]) {
    const old: Tensor = at[name]
    Object.assign(at, { [name]: gathered(old, stay) })
    old.dispose()
  }
}

/** Logits of the last pass, gradients of all of them: expectation over a randomised network's transformations. */
const summed = ([...passes]: readonly Pass[]): Pass => {
  const last = passes.at(-1)
  if (!last) throw new Error('no pass')
  if (passes.length === 1) return last
  const gradient = tf.tidy(() => tf.div(tf.addN(passes.map((pass) => pass.gradient)), passes.length) as Tensor4D)
  tf.dispose(passes.map((pass) => pass.gradient))
  return { ...last, gradient }
}

/** Rows that are misclassified and were not before. */
const brokenRows = (
  logits: Float32Array,
  rows: Int32Array,
  classes: Int32Array,
  done: Uint8Array,
): readonly number[] => {
  const guesses = predictionsOf(logits, logits.length / rows.length)
  return Array.from(guesses.keys()).filter((row) => done[row] === 0 && guesses[row] !== classes[rows[row] ?? 0])
}

const report = (
  now: Tensor4D,
  broken: readonly number[],
  rows: Int32Array,
  tell: (row: number, image: Float32Array) => void,
): void => {
  const found = gathered(now, Int32Array.from(broken))
  const values = found.dataSync<'float32'>()
  found.dispose()
  const size = values.length / broken.length
  for (const [i, row] of broken.entries()) tell(rows[row] ?? 0, values.subarray(i * size, (i + 1) * size))
}

/** x + ¾(z − x) + ¼(x − x₋₁), z = Π(x + η·ascent(g)); without momentum in the first iteration. */
const advanced = ({ now, before, gradient, stepSize }: Rows, ball: Ball, norm: Norm, iteration: number): Tensor4D => {
  const z = ball.project(tf.add(now, tf.mul(norm.ascent(gradient), stepSize)))
  if (iteration === 0) return z
  const step = tf.mul(tf.sub(z, now), 1 - MOMENTUM)
  return ball.project(tf.add(tf.add(now, step), tf.mul(tf.sub(now, before), MOMENTUM)))
}

const MOMENTUM = 0.25
