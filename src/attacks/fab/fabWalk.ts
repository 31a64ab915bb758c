import type { Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { l2Plane, lengthIn, linfPlane, type PlaneNorm, stepToPlane } from '../../math/hyperplane.js'
import { stream } from '../../math/random.js'
import { logitsOf, lossesAndGradient } from '../common/ascend.js'
import type { Classifier } from '../common/attack.js'
import { type Attempt, onAll, onUnbroken } from '../common/attempts.js'
import { towards } from '../common/losses.js'
import { type NormName, norms } from '../common/norms.js'
import { predictionsOf } from '../common/predictions.js'

const planes: Readonly<Record<NormName, PlaneNorm>> = { Linf: linfPlane, L2: l2Plane }

/** The decision boundary near some images, as a plane for each: w·(x − image) = −difference. */
export interface Boundary {
  /** The other class's logit less the true one's, n. */
  readonly differences: Float32Array
  /** Their gradients, n × (height·width·channels). */
  readonly gradients: Float32Array
}

/** What is looked for: which examples a try is given, and when one of them is done. */
export const searches = {
  /** Each example's shortest perturbation over all steps of all tries, counted where it is within ε. */
  shortest: { tries: onAll, isDone: (_best: number, _epsilon: number) => false },
  /** Any perturbation within ε: all that robust accuracy needs, and it takes a fraction of the time. */
  within: { tries: onUnbroken, isDone: (best: number, epsilon: number) => best <= epsilon },
} as const

export type FabSearch = keyof typeof searches

export interface FabOptionsInForce {
  readonly norm: NormName
  readonly epsilon: number
  readonly search: FabSearch
  readonly steps: number
  readonly alphaMax: number
  readonly eta: number
  readonly beta: number
  readonly name: string
}

/** One try of FAB on the examples of `attempt`. */
export interface FabWalk extends FabOptionsInForce {
  readonly attempt: Attempt
  /** Whether it begins at the image or at half of ε from it. */
  readonly start: 'image' | 'random'
  /** The boundary near images of these rows of the attempt. */
  readonly boundary: (images: Tensor4D, rows: Int32Array) => Boundary
}

/** An example on its way along the boundary. */
interface Walker {
  readonly row: number
  readonly label: number
  readonly image: Float32Array
  readonly at: Float32Array
  /** Length of the shortest perturbation that broke it. */
  best: number
  /** The adversarial image that it makes, where it is within ε. */
  found: Float32Array | undefined
}

/** Keeps a share of lengths defined where both are 0; the official AutoAttack's. */
const GUARD = 1e-8

/**
 * Walks along the decision boundary: a step from the point and one from the image to the boundary's plane, mixed with
 * weight α = min(a₁/(a₁ + a₂), α_max) for the image; a point on the far side is a candidate, and is drawn back towards
 * the image by β. The shortest perturbation of each example is reported where it is within ε.
 *
 * @returns the length of the shortest perturbation found for each row, Infinity for none
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
    const near = withImages(walking, shape, (images) => boundary(images, rows))
    for (const [place, walker] of walking.entries()) {
      const w = near.gradients.subarray(place * size, (place + 1) * size)
      advance(walk, walker, w, near.differences[place] ?? 0, scratch)
    }
    const logits = withImages(walking, shape, (images) => logitsOf(attempt.classifier, images))
    const guesses = predictionsOf(logits, logits.length / walking.length)
    for (const [place, walker] of walking.entries()) if (guesses[place] !== walker.label) crossed(walk, walker, scratch)
    walking = walking.filter(({ best }) => !isDone(best, epsilon))
    yield (i + 1) / steps
  }
  for (const { row, found, best } of walkers) if (found) attempt.broken(row, found, best)
  return Float64Array.from(walkers, ({ best }) => best)

  function crossed({ beta }: FabWalk, walker: Walker, [delta]: readonly [Float32Array, Float32Array]): void {
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
  [here, there]: readonly [Float32Array, Float32Array],
): void => {
  const plane = planes[norm]
  let across = 0
  for (let i = 0; i < w.length; i++) across += (w[i] ?? 0) * ((image[i] ?? 0) - (at[i] ?? 0))
  const near = Math.max(stepToPlane(plane, at, w, difference, here), GUARD)
  const far = Math.max(stepToPlane(plane, image, w, difference + across, there), GUARD)
  const alpha = Math.min(near / (near + far), alphaMax)
  const [own, back] = [1 - alpha, alpha]
  const [ownStep, backStep] = [eta * own, eta * back]
  for (let i = 0; i < w.length; i++) {
    const mixed = own * (at[i] ?? 0) + back * (image[i] ?? 0)
    const moved = mixed + ownStep * (here[i] ?? 0) + backStep * (there[i] ?? 0)
    at[i] = moved < 0 ? 0 : moved > 1 ? 1 : moved
  }
}

const walkersOf = ({ attempt, start, norm, epsilon, name }: FabWalk, size: number): readonly Walker[] => {
  const { images, classes, indices, seed, run } = attempt
  const pixels = images.dataSync<'float32'>()
  return Array.from(classes, (label, row) => {
    const image = pixels.subarray(row * size, (row + 1) * size)
    const at = image.slice()
    if (start === 'random') {
      const delta = new Float32Array(size)
      norms[norm].fillBoundary(delta, epsilon / 2, stream(seed, indices[row] ?? 0, name, run))
      for (let i = 0; i < size; i++) at[i] = Math.min(1, Math.max(0, (at[i] ?? 0) + (delta[i] ?? 0)))
    }
    return { row, label, image, at, best: Number.POSITIVE_INFINITY, found: undefined }
  })
}

/** What `look` makes of the points where the walkers are, as one batch. */
const withImages = <T>(walking: readonly Walker[], shape: readonly number[], look: (images: Tensor4D) => T): T => {
  const size = shape.reduce((product, side) => product * side, 1)
  // A new array each time: the tensor shares it.
  const points = new Float32Array(walking.length * size)
  for (const [place, { at }] of walking.entries()) points.set(at, place * size)
  const images = tf.tensor4d(points, [walking.length, ...shape] as [number, number, number, number])
  try {
    return look(images)
  } finally {
    images.dispose()
  }
}

/** z_target − z_y near the images, as a plane for each. @param truth n classes @param targets n classes */
export const planeTowards = (
  classifier: Classifier,
  images: Tensor4D,
  truth: Int32Array,
  targets: Int32Array,
): Boundary => {
  const { losses, gradient } = lossesAndGradient(classifier, images, towards(truth, targets))
  const gradients = gradient.dataSync<'float32'>()
  gradient.dispose()
  return { differences: losses, gradients }
}
