import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { Resize2dLayer } from '../layers/resizing.js'
import { resizeWeights } from '../windows/resizeWeights.js'

/** An image of another size; see `resize2d`. */
export const resized = (x: Tensor4D, { height, width, mode }: Resize2dLayer): Tensor => {
  const [, rows, columns] = x.shape
  const high = alongLast(tf.transpose(x, [0, 2, 3, 1]), resizeWeights(mode, rows, height))
  // Now channels, rows: the columns go last.
  const wide = alongLast(tf.transpose(high, [0, 2, 3, 1]), resizeWeights(mode, columns, width))
  return tf.transpose(wide, [0, 2, 3, 1])
}

/** The last axis resized. */
const alongLast = (x: Tensor, weights: readonly (readonly number[])[]): Tensor => {
  const old = x.shape.at(-1) ?? 1
  const matrix = tf.tensor2d(weights.map((row) => [...row]))
  const product = tf.matMul(tf.reshape(x, [-1, old]) as Tensor2D, matrix, false, true)
  return tf.reshape(product, [...x.shape.slice(0, -1), weights.length])
}
