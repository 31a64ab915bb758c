import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * A⁻¹ of symmetric positive definite matrices, by Cholesky, side by side where there are cores for it. No gradient of
 * its own: who needs one uses ∂tr(G·A⁻¹)/∂A = −A⁻¹·Gᵀ·A⁻¹.
 *
 * @param a … × n × n
 */
export const spdInverse = <T extends Tensor>(a: T): T => tf.engine().runKernel('PwoaSpdInverse', { a }) as T
