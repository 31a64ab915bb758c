import type { Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { l2Plane, lengthIn, linfPlane, type PlaneNorm, stepToPlane } from '../../math/hyperplane.js'
import { stream } from '../../math/random.js'
import { logitsOf, lossesAndGradient } from '../common/ascend.js'
import type { Classifier } from '../common/attack.js'
import { type Attempt, attemptsOnAll, attemptsOnUnbroken } from '../common/attempts.js'
import { reportGradients } from '../common/gradientWatch.js'
import { targetedMargin } from '../common/losses.js'
import { type NormName, norms } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'

const planes: Readonly<Record<NormName, PlaneNorm>> = { Linf: linfPlane, L2: l2Plane }

/** The decision boundary near some images, approximated by one plane per image: gradient·(x − image) = −difference. */
export interface Boundary {
  /** The logit of the other class minus that of the true class, n. */
  readonly differences: Float32Array
  /** The gradients of the differences, n × (height·width·channels). */
  readonly gradients: Float32Array
}

/** Which examples each attempt gets, and when an example is done, for each value of the option `search`. */
export const searches = {
  /** The shortest perturbation of each example over all steps of all attempts; it counts if it is within ε. */
  shortest: { attempts: attemptsOnAll, isDone: (_best: number, _epsilon: number) => false },
  /** Any perturbation within ε: enough for robust accuracy, in a fraction of the time. */
  within: { attempts: attemptsOnUnbroken, isDone: (best: number, epsilon: number) => best <= epsilon },
} as const

/** Names of the searches. */
export type FabSearch = keyof typeof searches

/** Options of FAB with their defaults filled in; see `fabFields`. */
export interface FabSettings {
  readonly norm: NormName
  readonly epsilon: number
  readonly search: FabSearch
  readonly steps: number
  readonly alphaMax: number
  readonly eta: number
  readonly beta: number
  readonly name: string
}

/** One run of FAB on the examples of `attempt`. */
export interface FabWalk extends FabSettings {
  readonly attempt: Attempt
  /** Whether it starts at the image or at a random point at half of ε from it. */
  readonly start: 'image' | 'random'
  /** The boundary near these points, which belong to these rows of the attempt. */
  readonly boundary: (images: Tensor4D, rows: Int32Array) => Boundary
}

/** An example that moves along the boundary. */
interface Walker {
  readonly row: number
  readonly label: number
  readonly image: Float32Array
  /** Its current point. */
  readonly at: Float32Array
  /** Length of the shortest perturbation that broke it. */
  best: number
  /** The adversarial image with that perturbation, if it is within ε. */
  found: Float32Array | undefined
}

/** Keeps a ratio of lengths defined if both are 0; the value of the official AutoAttack. */
const GUARD = 1e-8

/**
 * Moves along the decision boundary. Each step combines a step from the current point and one from the image to the plane
 * of the boundary, with weight α = min(a₁/(a₁ + a₂), α_max) for the image, where a₁ and a₂ are the lengths of these
 * steps. A misclassified point is a candidate; the next step starts from it moved towards the image by β. The shortest
 * perturbation of each example is reported to the attempt if it is within ε.
 *
 * @returns the length of the shortest perturbation of each row, Infinity for rows that were not broken
 * Source: Croce & Hein, "Minimally distorted adversarial examples with a fast adaptive boundary attack", ICML 2020,
 * Algorithm 1.
 */
export function* fabWalk(walk: FabWalk): Generator<number, Float64Array, undefined> {
  const { attempt, norm, epsilon, steps, boundary } = walk
  const { isDone } = searches[walk.search]
  const [, ...shape] = attempt.images.shape
  const size = shape.reduce((product, side) => product * side, 1)
  const walkers = walkersOf(walk, size)
  const scratch = [new Float32Array(size), new Float32Array(size)] as const
  let walking: readonly Walker[] = walkers
  for (let i = 0; i < steps && walking.length > 0; i++) {
    const rows = Int32Array.from(walking, ({ row }) => row)
    const local = withImages(walking, shape, (images) => boundary(images, rows))
    const indices = Uint32Array.from(rows, (row) => attempt.indices[row] ?? 0)
    reportGradients({ indices, onGradient: attempt.onGradient }, local.gradients)
    for (const [place, walker] of walking.entries()) {
      const w = local.gradients.subarray(place * size, (place + 1) * size)
      advance(walk, walker, w, local.differences[place] ?? 0, scratch)
    }
    const logits = withImages(walking, shape, (images) => logitsOf(attempt.classifier, images))
    const guesses = predictionsOf(logits, logits.length / walking.length)
    for (const [place, walker] of walking.entries())
      if (guesses[place] !== walker.label) recordCrossing(walk, walker, scratch)
    walking = walking.filter(({ best }) => !isDone(best, epsilon))
    yield (i + 1) / steps
  }
  for (const { row, found, best } of walkers) if (found) attempt.onBroken(row, found, best)
  return Float64Array.from(walkers, ({ best }) => best)

  function recordCrossing({ beta }: FabWalk, walker: Walker, [delta]: readonly [Float32Array, Float32Array]): void {
    const { image, at } = walker
    for (let i = 0; i < size; i++) delta[i] = (at[i] ?? 0) - (image[i] ?? 0)
    const length = lengthIn(planes[norm], delta)
    if (length < walker.best) {
      walker.best = length
      if (length <= epsilon) walker.found = at.slice()
    }
    for (let i = 0; i < size; i++) at[i] = (image[i] ?? 0) + (delta[i] ?? 0) * beta
  }
}

const advance = (
  { norm, alphaMax, eta }: FabWalk,
  { image, at }: Walker,
  w: Float32Array,
  difference: number,
  [fromPoint, fromImage]: readonly [Float32Array, Float32Array],
): void => {
  const plane = planes[norm]
  let across = 0
  for (let i = 0; i < w.length; i++) across += (w[i] ?? 0) * ((image[i] ?? 0) - (at[i] ?? 0))
  const near = Math.max(stepToPlane(plane, at, w, difference, fromPoint), GUARD)
  const far = Math.max(stepToPlane(plane, image, w, difference + across, fromImage), GUARD)
  const alpha = Math.min(near / (near + far), alphaMax)
  const [own, back] = [1 - alpha, alpha]
  const [ownStep, backStep] = [eta * own, eta * back]
  for (let i = 0; i < w.length; i++) {
    const mixed = own * (at[i] ?? 0) + back * (image[i] ?? 0)
    const moved = mixed + ownStep * (fromPoint[i] ?? 0) + backStep * (fromImage[i] ?? 0)
    at[i] = moved < 0 ? 0 : moved > 1 ? 1 : moved
  }
}

const walkersOf = ({ attempt, start, norm, epsilon, name }: FabWalk, size: number): readonly Walker[] => {
  const { images, classes, indices, seed, number } = attempt
  const pixels = images.dataSync<'float32'>()
  return Array.from(classes, (label, row) => {
    const image = pixels.subarray(row * size, (row + 1) * size)
    const at = image.slice()
    if (start === 'random') {
      const delta = new Float32Array(size)
      norms[norm].fillBoundary(delta, epsilon / 2, stream(seed, indices[row] ?? 0, name, number))
      for (let i = 0; i < size; i++) at[i] = Math.min(1, Math.max(0, (at[i] ?? 0) + (delta[i] ?? 0)))
    }
    return { row, label, image, at, best: Number.POSITIVE_INFINITY, found: undefined }
  })
}

/** Returns what `use` computes from the current points of the walkers, as one batch. */
const withImages = <T>(walking: readonly Walker[], shape: readonly number[], use: (images: Tensor4D) => T): T => {
  const size = shape.reduce((product, side) => product * side, 1)
  // A new array each time, because the tensor shares it.
  const points = new Float32Array(walking.length * size)
  for (const [place, { at }] of walking.entries()) points.set(at, place * size)
  const images = tf.tensor4d(points, [walking.length, ...shape] as [number, number, number, number])
  try {
    return use(images)
  } finally {
    images.dispose()
  }
}

/** The plane of z_target − z_y near each image. @param truth n classes @param targets n classes */
export const planeTowards = (
  classifier: Classifier,
  images: Tensor4D,
  truth: Int32Array,
  targets: Int32Array,
): Boundary => {
  const { losses, gradient } = lossesAndGradient(classifier, images, targetedMargin(truth, targets))
  const gradients = gradient.dataSync<'float32'>()
  gradient.dispose()
  return { differences: losses, gradients }
}
