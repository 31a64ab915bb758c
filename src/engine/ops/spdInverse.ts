import type { Tensor3D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * A⁻¹ of symmetric positive definite matrices, by Cholesky, side by side where there are cores for it. No gradient of its own: who needs one uses
 * ∂tr(G·A⁻¹)/∂A = −A⁻¹·Gᵀ·A⁻¹.
 *
 * @param a matrices × n × n
 */
export const spdInverse = (a: Tensor3D): Tensor3D => tf.engine().runKernel('PwoaSpdInverse', { a }) as Tensor3D
