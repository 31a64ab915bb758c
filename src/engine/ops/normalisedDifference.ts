import type { Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** Settings of {@link normalisedDifference}. */
export interface DifferenceAttributes {
  /** εn */
  readonly ridge: number
  readonly lambdaX: number
  readonly lambdaY: number
}

/**
 * S = λx·R_X − λy·R_Y with R = H·(I − ridge·A⁻¹)·H, as one kernel; on a CPU the native engine has it in its graphs.
 *
 * @param x A⁻¹ of X: n × n
 * @param y A⁻¹ of Y: n × n
 */
export const normalisedDifference = (x: Tensor2D, y: Tensor2D, attributes: DifferenceAttributes): Tensor2D =>
  tf.engine().runKernel('PwoaNormalisedDifference', { x, y }, { ...attributes }) as Tensor2D
