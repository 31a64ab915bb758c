import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** Outputs of {@link gaussianKernel}. */
export interface GaussianKernel {
  /** Rows of features minus their mean: n × d. */
  readonly rows: Tensor2D
  /** K − 1: n × n, in (−1, 0], exactly symmetric, 0 on the diagonal. */
  readonly kernel: Tensor2D
}

/**
 * K − 1 = expm1(exponent·‖z_i − z_j‖²), as one kernel; on a CPU the native engine has it in its graphs.
 *
 * @param z n × …; all values of an example are its row of features
 * @param exponent < 0, in units of 1 / z²
 */
export const gaussianKernel = (z: Tensor, exponent: number): GaussianKernel => {
  const [rows, kernel] = tf.engine().runKernel('PwoaGaussianKernel', { z }, { exponent }) as unknown as [
    Tensor2D,
    Tensor2D,
  ]
  return { rows, kernel }
}
