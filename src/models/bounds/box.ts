import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'

/** Which images are meant: all pixels in [0, 1], at most ε from an image in this norm. */
export interface Ball {
  readonly norm: 'Linf' | 'L2'
  readonly epsilon: number
}

/** The least values of linear functions over a ball: of one image, and of their coefficients, a row each. */
type Least = (epsilon: number, image: Tensor, coefficients: Tensor) => Tensor1D

const least: Readonly<Record<Ball['norm'], Least>> = {
  Linf: (epsilon, image, coefficients) => {
    const low = tf.maximum(tf.sub(image, epsilon), 0)
    const high = tf.minimum(tf.add(image, epsilon), 1)
    return rowSums(tf.add(tf.mul(tf.relu(coefficients), low), tf.mul(tf.minimum(coefficients, 0), high)))
  },
  L2: (epsilon, image, coefficients) => {
    const lengths = tf.sqrt(rowSums(tf.square(coefficients)))
    return tf.sub(rowSums(tf.mul(coefficients, image)), tf.mul(lengths, epsilon))
  },
}

/**
 * The least value of each linear function a · x over a ball.
 *
 * - L∞: the pixels are in the box max(x − ε, 0) … min(x + ε, 1): the sum of a⁺ · low + a⁻ · high.
 * - L2: a · x − ε‖a‖₂, without the limits of pixels: perhaps lower than the least value.
 *
 * @param image the middle, one row
 * @param coefficients a row for each function, in the shape of the image
 */
export const leastOn = ({ norm, epsilon }: Ball, image: Tensor, coefficients: Tensor): Tensor1D =>
  tf.tidy(() => least[norm](epsilon, image, coefficients))

/** The sum of each row. */
export const rowSums = (values: Tensor): Tensor1D => tf.sum(tf.reshape(values, [values.shape[0] ?? 0, -1]), 1)
