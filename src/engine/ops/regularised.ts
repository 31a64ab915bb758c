import type { Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/**
 * A = HKH + c·11ᵀ + ridge·I of a symmetric K, with c the mean of |HKH|, as one kernel; on a CPU the native engine has it in its graphs.
 *
 * @param kernel K, or K − 1: n × n
 * @param ridge εn > 0
 */
export const regularised = (kernel: Tensor2D, ridge: number): Tensor2D =>
  tf.engine().runKernel('PwoaRegularise', { kernel }, { ridge }) as Tensor2D
