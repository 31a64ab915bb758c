import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { RandomStream } from '../../math/random.js'

/** The norm of perturbations: the largest change of a pixel, or the square root of the sum of squared changes. */
export type NormName = 'Linf' | 'L2'

/** The ball of radius ε around each image, intersected with [0, 1]. Owns tensors until it is disposed. */
export interface Ball {
  /** Projects n points on the balls of n images (L2: scaled to length ε, then clipped, as in the official AutoAttack). */
  readonly project: (points: Tensor) => Tensor4D
  /** Frees the tensors of the ball. */
  readonly dispose: () => void
}

/** The geometry of a norm on images, example by example. */
export interface Norm {
  readonly name: NormName
  /** Lengths of n perturbations, n. */
  readonly lengths: (delta: Tensor4D) => Tensor1D
  /** For each example, the perturbation of length 1 that raises a linear function with this gradient most. */
  readonly ascent: (gradient: Tensor4D) => Tensor4D
  /** Sum of absolute values of a gradient up to which `ascent` is not a step of length 1. */
  readonly leastGradient: number
  /** The ball of radius `epsilon` around each image. */
  readonly ball: (images: Tensor4D, epsilon: number) => Ball
  /** Overwrites `out` with a uniformly random point of the ball of radius ε around 0. */
  readonly fillInside: (out: Float32Array, epsilon: number, random: RandomStream) => void
  /** Overwrites `out` with a random point at distance ε from 0, as APGD starts. */
  readonly fillBoundary: (out: Float32Array, epsilon: number, random: RandomStream) => void
}

const PIXEL_AXES = [1, 2, 3]

/** Prevents a division by a length of zero; the value of the official AutoAttack. */
const GUARD = 1e-12

const scaled = (out: Float32Array, factor: number): void => {
  for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) * factor
}

const linf: Norm = {
  name: 'Linf',
  lengths: (delta) => tf.max(tf.abs(delta), PIXEL_AXES),
  ascent: (gradient) => tf.sign(gradient),
  leastGradient: 0,
  ball: (images, epsilon) => {
    const lower = tf.tidy(() => tf.maximum(tf.sub(images, epsilon), 0))
    const upper = tf.tidy(() => tf.minimum(tf.add(images, epsilon), 1))
    return {
      project: (points) => tf.minimum(tf.maximum(points, lower), upper) as Tensor4D,
      dispose: () => tf.dispose([lower, upper]),
    }
  },
  fillInside: (out, epsilon, random) => {
    for (let i = 0; i < out.length; i++) out[i] = 2 * epsilon * random.uniform() - epsilon
  },
  fillBoundary: (out, epsilon, random) => {
    linf.fillInside(out, 1, random)
    scaled(out, epsilon / (out.reduce((longest, value) => Math.max(longest, Math.abs(value)), 0) + GUARD))
  },
}

const l2: Norm = {
  name: 'L2',
  lengths: (delta) => tf.sqrt(tf.sum(tf.square(delta), PIXEL_AXES)) as Tensor1D,
  ascent: (gradient) => tf.div(gradient, tf.add(l2Column(gradient), GUARD)),
  leastGradient: GUARD,
  ball: (images, epsilon) => ({
    project: (points) => {
      const delta = tf.sub(points, images) as Tensor4D
      const length = l2Column(delta)
      const inside = tf.mul(delta, tf.div(tf.minimum(length, epsilon), tf.add(length, GUARD)))
      return tf.clipByValue(tf.add(images, inside), 0, 1) as Tensor4D
    },
    dispose: () => undefined,
  }),
  fillInside: (out, epsilon, random) => {
    // The radius of a uniform point in d dimensions: U^(1/d).
    l2.fillBoundary(out, epsilon * random.uniform() ** (1 / out.length), random)
  },
  fillBoundary: (out, epsilon, random) => {
    for (let i = 0; i < out.length; i++) out[i] = random.normal()
    scaled(out, epsilon / (Math.sqrt(out.reduce((sum, value) => sum + value * value, 0)) + GUARD))
  },
}

/** L2 lengths, n × 1 × 1 × 1. */
const l2Column = (delta: Tensor4D): Tensor4D => tf.sqrt(tf.sum(tf.square(delta), PIXEL_AXES, true)) as Tensor4D

/** The geometry of each norm. */
export const norms: Readonly<Record<NormName, Norm>> = { Linf: linf, L2: l2 }

/** The names of the norms. */
export const normNames = ['Linf', 'L2'] as const satisfies readonly NormName[]
