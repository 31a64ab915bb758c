import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'
import { fillUniform, stream } from '../math/random.js'
import type { AttackInput } from './attack.js'

/** The L∞ ball of radius ε around each image, cut with [0, 1]: the box between `lower` and `upper`. */
export interface LinfBall {
  readonly lower: Tensor4D
  readonly upper: Tensor4D
}

export const linfBall = (images: Tensor4D, epsilon: number): LinfBall => ({
  lower: tf.maximum(tf.sub(images, epsilon), 0),
  upper: tf.minimum(tf.add(images, epsilon), 1),
})

/** Nearest point of the ball. */
export const projectLinf = (images: Tensor, { lower, upper }: LinfBall): Tensor4D =>
  tf.minimum(tf.maximum(images, lower), upper)

/** images + U(−ε, ε), each example from its own stream, projected on [0, 1]. */
export const uniformStart = (
  { images, indices, seed }: Pick<AttackInput, 'images' | 'indices' | 'seed'>,
  epsilon: number,
  key: string,
  ball: LinfBall,
): Tensor4D => {
  const noise = new Float32Array(images.size)
  const size = images.size / indices.length
  for (const [i, index] of indices.entries())
    fillUniform(noise.subarray(i * size, (i + 1) * size), -epsilon, epsilon, stream(seed, key, index))
  return projectLinf(tf.add(images, tf.tensor4d(noise, images.shape)), ball)
}
