import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'

/** Width σ of the Gaussian kernel, in units of the root of the number of features: PwoA's reference takes 5. */
export const SIGMA = 5

/** One row per example, and the mean over the examples taken out: distances keep their digits in float32. */
export const centredRows = (z: Tensor): Tensor2D => {
  const rows = tf.reshape(z, [z.shape[0] ?? 1, -1])
  return tf.sub(rows, tf.mean(rows, 0, true)) as Tensor2D
}

/**
 * Gaussian kernel minus one, K − 1 = expm1(−‖z_i − z_j‖² / (2σ²d)).
 *
 * Minus one because K is almost all ones where σ²d is in the exponent, and 1 has centring nothing to say: HKH is the
 * same, without the cancellation. Distances come from the Gram matrix; the diagonal is exactly zero.
 *
 * @param centred n × d, see `centredRows`
 * @returns n × n, in (−1, 0]
 */
export const gaussianKernelMinusOne = (centred: Tensor2D): Tensor2D => {
  const [examples, features] = centred.shape
  const gram = tf.matMul(centred, centred, false, true)
  const norms = tf.sum(tf.mul(gram, identity(examples)), 1, true)
  const squaredDistance = tf.sub(tf.add(norms, tf.transpose(norms)), tf.mul(gram, 2))
  return tf.expm1(tf.mul(squaredDistance, -1 / (2 * SIGMA ** 2 * features))) as Tensor2D
}

/** Linear kernel of one-hot labels, K = Y·Yᵀ. */
export const linearKernel = (labels: Tensor2D): Tensor2D => tf.matMul(labels, labels, false, true)

/** HKH with H = I − 1/n: the mean of rows and of columns taken out. Symmetric input, symmetric output. */
export const centredKernel = (kernel: Tensor2D): Tensor2D => {
  const rows = tf.mean(kernel, 1, true)
  return tf.add(tf.sub(tf.sub(kernel, rows), tf.transpose(rows)), tf.mean(kernel)) as Tensor2D
}

/** n × n. */
export const identity = (n: number): Tensor2D => tf.eye(n)
