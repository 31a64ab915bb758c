import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { channelsIn } from '../architecture/channelShapes.js'
import { partMeans } from '../architecture/mixedChannels.js'
import { inverseOf, selectionOf } from '../architecture/selection.js'
import type { NodeShape } from '../architecture/shapes.js'
import type { PoolChannelsLayer } from '../layers/tokenLayers.js'

/** Activations one after the other along their channels, the last axis. */
export const joined = (inputs: readonly Tensor[]): Tensor => tf.concat([...inputs], -1)

/** Some channels, and channels of zeros; see `selectChannels`. The gradient is the selection that returns each to its place. */
export const selected = (x: Tensor, channels: readonly number[]): Tensor => {
  const inputs = x.shape.at(-1) ?? 0
  const selection = selectionOf(channels, inputs)
  switch (selection.type) {
    case 'range':
      return tf.slice(x, [...others(x, 0), selection.begin], [...others(x, -1), selection.size])
    case 'zeros':
      return besideZeros(x, selection.before, selection.after)
    case 'places':
      return tf.customGrad((input) => {
        const image = input as Tensor
        const indices = tf.tensor1d([...selection.places], 'int32')
        return {
          value: tf.gather(besideZeros(image, 0, selection.zeros), indices, image.rank - 1),
          gradFunc: (dy) => selected(dy, inverseOf(channels, inputs)),
        }
      })(x)
  }
}

/** Channels of zeros before and after those of x. */
const besideZeros = (x: Tensor, before: number, after: number): Tensor =>
  before + after === 0 ? x : tf.pad(x, [...others(x, 0).map((): [number, number] => [0, 0]), [before, after]])

/** A number for each axis but the last. */
const others = ({ rank }: Tensor, value: number): number[] => new Array<number>(rank - 1).fill(value)

/** The product of two values of one shape, or of images and one number for each channel, as an image or a vector. */
export const multiplied = (left: Tensor, right: Tensor): Tensor => tf.mul(spread(left, right), spread(right, left))

/** A vector as an image of 1 x 1, beside images. */
const spread = (x: Tensor, beside: Tensor): Tensor =>
  x.rank === 2 && beside.rank === 4 ? tf.reshape(x, [-1, 1, 1, x.shape[1] ?? 0]) : x

/** The softmax over the channels at the same place of each part of the last axis; see `softmax`. */
export const shares = (x: Tensor, parts: number): Tensor => {
  const channels = x.shape.at(-1) ?? 0
  if (parts === channels) return tf.softmax(x)
  const rows = tf.transpose(tf.reshape(x, [-1, parts, channels / parts]), [0, 2, 1])
  return tf.reshape(tf.transpose(tf.softmax(rows), [0, 2, 1]), x.shape)
}

/** The largest or the mean of each channel's place in all parts; see `poolChannels`. */
export const channelsPooled = (x: Tensor, { of }: PoolChannelsLayer, shape: NodeShape): Tensor => {
  const [inputs, size] = [x.shape.at(-1) ?? 0, channelsIn(shape)]
  if (of === 'max') return largest(x, size)
  const product = tf.matMul(tf.reshape(x, [-1, inputs]) as Tensor2D, tf.tensor2d(partMeans(inputs, size)))
  return tf.reshape(product, [...x.shape.slice(0, -1), size])
}

/** The largest of all parts, by halves: of equal numbers the gradient goes to one of the earlier part. */
const largest = (x: Tensor, size: number): Tensor => {
  const parts = (x.shape.at(-1) ?? 0) / size
  if (parts === 1) return x
  const half = Math.floor(parts / 2)
  const part = (begin: number, count: number): Tensor =>
    tf.slice(x, [...others(x, 0), begin * size], [...others(x, -1), count * size])
  const larger = tf.maximum(part(0, half), part(half, half))
  return largest(parts % 2 === 0 ? larger : joined([larger, part(2 * half, 1)]), size)
}
