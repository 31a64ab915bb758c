import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * A⁻¹ of symmetric positive definite matrices, by Cholesky; the native engine inverts several side by side. It has no
 * gradient: use ∂tr(G·A⁻¹)/∂A = −A⁻¹·Gᵀ·A⁻¹.
 *
 * @param a … × n × n
 * @returns … × n × n, exactly symmetric; NaN for a matrix that is not positive definite
 */
export const spdInverse = <T extends Tensor>(a: T): T => tf.engine().runKernel('PwoaSpdInverse', { a }) as T
