import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** Numbers that are normalised together. */
interface Blocks {
  /** The shape in which each block lies along some axes; one side may be −1: it is inferred. */
  readonly shape: readonly number[]
  /** Axes of a block. */
  readonly axes: readonly number[]
}

/**
 * scale·(x − μ)/√(σ² + ε) + offset, with the mean μ and the biased variance σ² of each block of numbers.
 *
 * @param x any shape; its last axis is that of `scale` and `offset`
 * @param epsilon ε > 0, in units of the variance
 * Source: Ba, Kiros, Hinton, "Layer Normalization", 2016, eq. 4; its gradient is that of batch normalisation by block.
 */
export const blockNorm = (x: Tensor, scale: Tensor1D, offset: Tensor1D, blocks: Blocks, epsilon: number): Tensor => {
  const axes = [...blocks.axes]
  const inBlocks = (t: Tensor): Tensor => tf.reshape(t, [...blocks.shape])
  const mean = (t: Tensor): Tensor => tf.mean(t, axes, true)
  return tf.customGrad((...given) => {
    const [input, factor, shift, save] = given as [Tensor, Tensor, Tensor, (saved: Tensor[]) => void]
    const [normalised, inverse] = tf.tidy(() => {
      const numbers = inBlocks(input)
      const centred = tf.sub(numbers, mean(numbers))
      const one = tf.rsqrt(tf.add(mean(tf.square(centred)), epsilon))
      return [tf.mul(centred, one), one] as const
    })
    save([normalised, inverse, factor])
    return {
      value: tf.tidy(() => tf.add(tf.mul(tf.reshape(normalised, input.shape), factor), shift)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [z = normalised, one = inverse, by = factor] = saved
        const rows = (t: Tensor): Tensor => tf.reshape(t, [-1, by.size])
        const dz = inBlocks(tf.mul(dy, by))
        const along = tf.add(mean(dz), tf.mul(z, mean(tf.mul(dz, z))))
        return [
          tf.reshape(tf.mul(tf.sub(dz, along), one), dy.shape),
          tf.sum(tf.mul(rows(dy), rows(z)), 0),
          tf.sum(rows(dy), 0),
        ]
      },
    }
  })(x, scale, offset)
}
