import type { Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * A⁻¹ of a symmetric positive definite matrix, by Cholesky. No gradient of its own: who needs one uses
 * ∂tr(G·A⁻¹)/∂A = −A⁻¹·Gᵀ·A⁻¹.
 *
 * @param a n × n
 */
export const spdInverse = (a: Tensor2D): Tensor2D => tf.engine().runKernel('PwoaSpdInverse', { a }) as Tensor2D
