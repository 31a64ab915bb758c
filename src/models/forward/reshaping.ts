import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { type NodeShape, numbersIn } from '../architecture/shapes.js'
import type { FlattenLayer } from '../layers/layer.js'
import type { UnflattenLayer } from '../layers/reshaping.js'
import type { Sides } from '../layers/windowLayers.js'

/** One vector for each image: channel by channel if the order counts, else as the engine has the numbers. */
export const flattened = (x: Tensor, shape: NodeShape, order: FlattenLayer['order']): Tensor =>
  tf.reshape(order === 'channels' ? tf.transpose(x, [0, 3, 1, 2]) : x, [-1, numbersIn(shape)])

/** An image of each vector; see `unflatten`. */
export const unflattened = (x: Tensor, { height, width, channels, order }: UnflattenLayer): Tensor =>
  order === 'pixels'
    ? tf.reshape(x, [-1, height, width, channels])
    : tf.transpose(tf.reshape(x, [-1, channels, height, width]), [0, 2, 3, 1])

/** An image without rows and columns at its sides. */
export const cropped = (x: Tensor4D, { top, bottom, left, right }: Sides): Tensor4D => {
  const [, height, width] = x.shape
  return tf.slice(x, [0, top, left, 0], [-1, height - top - bottom, width - left - right, -1])
}
