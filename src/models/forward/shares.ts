import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'

/** The softmax over the channels at the same place of each part of the last axis; see `softmax`. */
export const shares = (x: Tensor, parts: number): Tensor => {
  const channels = x.shape.at(-1) ?? 0
  if (parts === channels) return tf.softmax(x)
  const rows = tf.transpose(tf.reshape(x, [-1, parts, channels / parts]), [0, 2, 1])
  return tf.reshape(tf.transpose(tf.softmax(rows), [0, 2, 1]), x.shape)
}
