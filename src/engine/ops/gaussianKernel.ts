import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

export interface GaussianKernel {
  /** Rows of features with their mean taken out: n × d. */
  readonly rows: Tensor2D
  /** K − 1: n × n, in (−1, 0], exactly symmetric, 0 on the diagonal. */
  readonly kernel: Tensor2D
}

/**
 * K − 1 = expm1(exponent·‖z_i − z_j‖²), one kernel of the portable engine; the native one has it in its graphs.
 *
 * @param z n × …; a row of features is all that belongs to one example
 * @param exponent < 0, in units of 1 / z²
 */
export const gaussianKernel = (z: Tensor, exponent: number): GaussianKernel => {
  const [rows, kernel] = tf.engine().runKernel('PwoaGaussianKernel', { z }, { exponent }) as unknown as [
    Tensor2D,
    Tensor2D,
  ]
  return { rows, kernel }
}
