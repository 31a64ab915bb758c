import type { Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { type RandomStream, stream } from '../../math/random.js'
import type { AttackInput } from './attack.js'

/** Overwrites `out`, the perturbation of one example, with random numbers. */
export type FillPerturbation = (out: Float32Array, random: RandomStream) => void

/**
 * One random perturbation per example, n × height × width × channels. Each example has its own stream of random numbers,
 * (seed, index of the example, …key), so it does not depend on the batch.
 */
export const randomPerturbations = (
  { images, indices, seed }: Pick<AttackInput, 'images' | 'indices' | 'seed'>,
  key: readonly (string | number)[],
  fill: FillPerturbation,
): Tensor4D => {
  const noise = new Float32Array(images.size)
  const size = images.size / indices.length
  for (const [i, index] of indices.entries())
    fill(noise.subarray(i * size, (i + 1) * size), stream(seed, index, ...key))
  return tf.tensor4d(noise, images.shape)
}
