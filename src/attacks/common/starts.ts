import type { Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { type RandomStream, stream } from '../../math/random.js'
import type { AttackInput } from './attack.js'

/** Overwrites an example's numbers with random ones. */
export type Fill = (out: Float32Array, random: RandomStream) => void

/** One random perturbation for each example from its own stream (seed, example, attack, …key). */
export const drawn = (
  { images, indices, seed }: Pick<AttackInput, 'images' | 'indices' | 'seed'>,
  key: readonly (string | number)[],
  fill: Fill,
): Tensor4D => {
  const noise = new Float32Array(images.size)
  const size = images.size / indices.length
  for (const [i, index] of indices.entries())
    fill(noise.subarray(i * size, (i + 1) * size), stream(seed, index, ...key))
  return tf.tensor4d(noise, images.shape)
}
