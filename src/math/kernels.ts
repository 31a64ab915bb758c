import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'
import { exponentOf } from './bottleneck.js'
import { scaledDistances } from './squares.js'

/** One row per example, and the mean over the examples taken out: distances keep their digits in float32. */
export const centredRows = (z: Tensor): Tensor2D => {
  const rows = tf.reshape(z, [z.shape[0] ?? 1, -1])
  return tf.sub(rows, tf.mean(rows, 0, true)) as Tensor2D
}

/**
 * Gaussian kernels minus one, K − 1 = expm1(−‖z_i − z_j‖² / (2σ²d)), of several sets of features of the same examples.
 *
 * Minus one because K is almost all ones where σ²d is in the exponent, and 1 has centring nothing to say: HKH is the
 * same, without the cancellation. Distances come from the Gram matrix; the diagonal is exactly zero.
 *
 * @param centred at least one; each n × d with a d of its own, see `centredRows`
 * @returns sets × n × n, in (−1, 0]
 */
export const gaussianKernelsMinusOne = (centred: readonly Tensor2D[]): Tensor3D => {
  const n = centred[0]?.shape[0] ?? 0
  const exponents = new Float32Array(centred.length * n * n)
  for (const [set, rows] of centred.entries()) {
    const gram = tf.matMul(rows, rows, false, true)
    scaledDistances(gram.dataSync(), n, exponentOf(rows.shape[1]), exponents, set * n * n)
    gram.dispose()
  }
  return tf.expm1(tf.tensor3d(exponents, [centred.length, n, n]))
}

/** Linear kernel of one-hot labels, K = Y·Yᵀ. */
export const linearKernel = (labels: Tensor2D): Tensor2D => tf.matMul(labels, labels, false, true)
