import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'

/**
 * Losses of logits that are computed here, in float64 on every engine, with gradients written by hand. Each example has
 * a few numbers: that takes less time than the tensor operations that would do the same.
 */

/** Computes a loss from all logits, row by row, and writes ∂loss/∂logits into `gradient`, which holds zeros. */
export type TotalLoss = (logits: Float32Array, gradient: Float32Array) => number

/** Computes one example's loss from its logits, and writes ∂loss/∂logits into `gradient`, which holds zeros. */
export type RowLoss = (logits: Float32Array, gradient: Float32Array, row: number) => number

/**
 * A differentiable loss over all examples.
 *
 * @param logits n × classes
 */
export const totalLoss = (logits: Tensor2D, loss: TotalLoss): Scalar =>
  withGradient(
    logits,
    (values, gradient) => tf.scalar(loss(values, gradient)),
    (dy) => dy,
  )

/**
 * A differentiable loss of each example: n × classes to n.
 *
 * @param loss of one example; its gradient is summed in float32
 */
export const rowLosses =
  (loss: RowLoss) =>
  (logits: Tensor2D): Tensor1D =>
    withGradient(
      logits,
      (values, gradient) => {
        const [rows, classes] = logits.shape
        const losses = new Float32Array(rows)
        for (let i = 0; i < rows; i++) {
          const [from, to] = [i * classes, (i + 1) * classes]
          losses[i] = loss(values.subarray(from, to), gradient.subarray(from, to), i)
        }
        return tf.tensor1d(losses)
      },
      (dy) => tf.expandDims(dy, 1),
    )

/** @param spread gives the loss's own gradient a shape that multiplies n × classes */
const withGradient = <Loss extends Tensor>(
  logits: Tensor2D,
  compute: (values: Float32Array, gradient: Float32Array) => Loss,
  spread: (dy: Tensor) => Tensor,
): Loss =>
  tf.customGrad((input) => {
    const values = (input as Tensor2D).dataSync<'float32'>()
    const gradient = new Float32Array(values.length)
    const value = compute(values, gradient)
    return { value, gradFunc: (dy: Tensor) => tf.mul(spread(dy), tf.tensor2d(gradient, logits.shape)) }
  })(logits) as Loss
