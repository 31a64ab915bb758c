import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import type { NodeShape } from '../architecture/shapes.js'
import { type AttentionSizes, type CovarianceSizes, fourierFeatures, tokensOf } from '../architecture/tokenSizes.js'

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

/** softmax(t·Q·Kᵀ)·V of each head, between its channels; see `crossCovariance`. @param factor t, heads × 1 × 1 */
export const covaried = (
  [query, key, value]: readonly Tensor[],
  factor: Tensor,
  { heads, tokens, depth }: CovarianceSizes,
): Tensor => {
  const rows = (x: Tensor | undefined): Tensor =>
    tf.transpose(tf.reshape(x as Tensor, [-1, tokens, heads, depth]), [0, 2, 3, 1])
  const scores = tf.mul(tf.matMul(rows(query), rows(key), false, true), factor)
  const sums = tf.matMul(tf.softmax(scores), rows(value))
  return tf.reshape(tf.transpose(sums, [0, 3, 1, 2]), (value as Tensor).shape)
}

/** x + W·F + b with the features of each pixel's place; see `fourierPositions`. @param weight features × channels */
export const located = (x: Tensor4D, weight: Tensor, bias: Tensor, features: number, shape: NodeShape): Tensor => {
  const places = tf.tensor2d(fourierFeatures(features, shape).map((row) => [...row]))
  const [, height = 1, width = 1, channels = 1] = x.shape
  const added = tf.add(tf.matMul(places, tf.reshape(weight, [features, channels])), bias)
  return tf.add(x, tf.reshape(added, [1, height, width, channels]))
}
