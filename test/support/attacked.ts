/** Small problems for attacks: random images and random classifiers, linear and curved. */
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Attack, AttackInput, Classifier } from '../../src/attacks/common/attack.js'
import { runAttack } from '../../src/attacks/run.js'
import { tf } from '../../src/engine/tf.js'
import { seededNumbers } from './numbers.js'

export const SIDE = 5
export const PIXELS = SIDE * SIDE
export const CLASSES = 3

export interface Problem {
  readonly images: Float32Array
  /** pixels × classes */
  readonly weights: Float32Array
  readonly classes: readonly number[]
}

/** @param classCount classes of the weights; of the labels too */
export const problem = (seed: number, examples: number, classCount = CLASSES): Problem => ({
  // A third of the pixels lie on 0 or 1, as those of digits do.
  images: seededNumbers(seed, examples * PIXELS).map((value) => Math.min(1, Math.max(0, 0.5 + 0.75 * value))),
  weights: seededNumbers(seed + 1, PIXELS * classCount),
  classes: Array.from({ length: examples }, (_, i) => (seed + i) % classCount),
})

/** Some of its examples, in this order. */
export const someOf = ({ images, weights, classes }: Problem, rows: readonly number[]): Problem => ({
  images: Float32Array.from(rows.flatMap((row) => [...images.slice(row * PIXELS, (row + 1) * PIXELS)])),
  weights,
  classes: rows.map((row) => classes[row] ?? 0),
})

/** logits = x·W */
export const linearClassifier =
  (weights: Float32Array): Classifier =>
  (images) =>
    tf.matMul(tf.reshape(images, [-1, PIXELS]), tf.tensor2d(weights, [PIXELS, weights.length / PIXELS])) as Tensor2D

/** A convolution, a ReLU and a sum of each channel: enough for gradients that depend on the image. */
export const curvedClassifier =
  (weights: Float32Array): Classifier =>
  (images) =>
    tf.sum(
      tf.relu(tf.conv2d(images, tf.tensor4d(weights.slice(0, 9 * CLASSES), [3, 3, 1, CLASSES]), 1, 'valid')),
      [1, 2],
    )

/** A convolution, a ReLU and a linear layer: a small network whose gradients depend on the image. */
export const smallNetwork = (seed: number, classes: number): Classifier => {
  const kernel = seededNumbers(seed + 2, 9 * 4)
  const weights = seededNumbers(seed + 3, 9 * 4 * classes)
  return (images) => {
    const features = tf.relu(tf.conv2d(images, tf.tensor4d(kernel, [3, 3, 1, 4]), 1, 'valid'))
    return tf.matMul(tf.reshape(features, [-1, 36]), tf.tensor2d(weights, [36, classes])) as Tensor2D
  }
}

/** The problem as an attack takes it; the caller frees its tensors. */
export const inputOf = (
  { images, weights, classes }: Problem,
  classifier: Classifier,
  { seed = 0, first = 0, indices }: InputOptions = {},
): AttackInput => ({
  classifier,
  images: tf.tensor4d(images, [classes.length, SIDE, SIDE, 1]),
  labels: tf.tidy(() => {
    const hot = tf.oneHot(tf.tensor1d([...classes], 'int32'), weights.length / PIXELS)
    return tf.cast(hot, 'float32') as Tensor2D
  }),
  indices: Uint32Array.from(indices ?? classes.map((_, i) => first + i)),
  seed,
})

export interface InputOptions {
  readonly seed?: number
  /** Index of the first example, the others following. */
  readonly first?: number
  /** Index of each example; instead of `first`. */
  readonly indices?: readonly number[]
}

/** Adversarial images, all work done. */
export const attacked = (
  attack: Attack,
  given: Problem,
  classifier: Classifier,
  options: InputOptions = {},
): Float32Array => tf.tidy(() => runAttack(attack, inputOf(given, classifier, options)).dataSync<'float32'>())

/** Predicted classes. */
export const guessesOf = (images: Float32Array, classifier: Classifier): readonly number[] =>
  tf.tidy(() => {
    const logits = classifier(tf.tensor4d(images.slice(), [images.length / PIXELS, SIDE, SIDE, 1]) as Tensor4D)
    return Array.from(tf.argMax(logits, 1).dataSync())
  })
