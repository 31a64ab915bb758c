import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { NodeShape } from '../architecture/shapes.js'
import { type AttentionSizes, tokensOf } from '../architecture/tokenSizes.js'

/** softmax(scale·Q·Kᵀ)·V of each head; see `attention`. */
export const attended = (
  [query, key, value]: readonly Tensor[],
  { heads, queries, keys, depth, width, scale }: AttentionSizes,
  shape: NodeShape,
): Tensor => {
  const split = (x: Tensor | undefined, tokens: number, channels: number): Tensor =>
    tf.transpose(tf.reshape(x as Tensor, [-1, tokens, heads, channels]), [0, 2, 1, 3])
  const scores = tf.matMul(split(query, queries, depth), split(key, keys, depth), false, true)
  const shares = tf.softmax(tf.mul(scores, scale))
  const rows = tf.transpose(tf.matMul(shares, split(value, keys, width)), [0, 2, 1, 3])
  return tf.reshape(rows, [-1, ...(shape.kind === 'image' ? [shape.height, shape.width] : []), heads * width])
}

/** A column of the pixels of an image after another one. @param token channels */
export const afterToken = (x: Tensor4D, token: Tensor, from: NodeShape | undefined): Tensor => {
  const tokens = tokensOf(from)
  const pixels = tf.reshape(x, [-1, tokens, 1, token.size]) as Tensor4D
  const first = tf.reshape(token, [1, 1, 1, token.size]) as Tensor4D
  return tf.add(rows(pixels, 1, 0), rows(first, 0, tokens))
}

const rows = (x: Tensor4D, before: number, after: number): Tensor4D =>
  tf.pad(x, [
    [0, 0],
    [before, after],
    [0, 0],
    [0, 0],
  ])

/** The channels of one pixel. */
export const tokenOf = (x: Tensor, token: number, from: NodeShape | undefined): Tensor => {
  const channels = x.shape.at(-1) ?? 0
  const pixels = tf.reshape(x, [-1, tokensOf(from), channels])
  return tf.reshape(tf.slice(pixels, [0, token, 0], [-1, 1, -1]), [-1, channels])
}
