import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { spdInverse } from '../engine/ops/spdInverse.js'
import { tf } from '../engine/tf.js'
import { centredKernel, centredRows, gaussianKernelMinusOne, identity, linearKernel, SIGMA } from './kernels.js'

/** ε of the regularised inverse. */
const EPSILON = 1e-5

/**
 * R = I − εn·A⁻¹ with A = HKH + c·11ᵀ + εn·I, for a kernel matrix K of n examples. But for c, R = A⁻¹·HKH.
 *
 * The reference writes R = KH·(KH + εnI)⁻¹, centred on one side only. tr(R_a·R_b) is the same for both forms, but here
 * everything is symmetric and positive definite, so that Cholesky applies and float32 suffices.
 *
 * c lifts the vector 1, which HKH maps to 0. There A⁻¹ would be 1/εn, some hundred times its other eigenvalues, and
 * swamp their digits. R·1 changes and nothing else: HRH is the same for every c, and so is tr(S·R) where S·1 = 0.
 */
const normalised = (kernel: Tensor2D): { readonly inverse: Tensor2D; readonly r: Tensor2D } => {
  const n = kernel.shape[0]
  const centred = centredKernel(kernel)
  const lifted = tf.add(centred, tf.mean(tf.abs(centred)))
  const inverse = spdInverse(tf.add(lifted, tf.mul(identity(n), EPSILON * n)))
  return { inverse, r: tf.sub(identity(n), tf.mul(inverse, EPSILON * n)) }
}

/** R_X of a minibatch's images (or of any tensor with one row of features per example): Gaussian kernel. R_X·1 = 0. */
export const normalisedGaussian = (x: Tensor): Tensor2D =>
  tf.tidy(() => centredKernel(normalised(gaussianKernelMinusOne(centredRows(x))).r))

/** R_Y of one-hot labels: linear kernel. R_Y·1 = 0. */
export const normalisedLinear = (labels: Tensor2D): Tensor2D =>
  tf.tidy(() => centredKernel(normalised(linearKernel(labels)).r))

/**
 * tr(S·R_Z), linear in S: with S = R_X it is nHSIC(X, Z), with S = λx·R_X − λy·R_Y it is the bottleneck term of one
 * layer, at the price of one factorisation.
 *
 * Gradient: with A and K' = K − 1 as above, ∂/∂A = G = εn·A⁻¹·S·A⁻¹; ∂/∂K = HGH; with D = −HGH ∘ K / (2σ²d),
 * ∂/∂z = 4·(rowsum(D)∘z − D·z), where z may be the centred rows, since rows of (diag(rowsum D) − D) sum to zero.
 *
 * @param z hidden activations, n × …
 * @param s n × n, symmetric, rows that sum to 0, without a gradient
 */
export const normalisedTrace = (z: Tensor, s: Tensor2D): Scalar =>
  tf.customGrad((activations, save) => {
    const shape = (activations as Tensor).shape
    const rows = centredRows(activations as Tensor)
    const [n, features] = rows.shape
    const kernelMinusOne = gaussianKernelMinusOne(rows)
    const { inverse, r } = normalised(kernelMinusOne)
    ;(save as (tensors: Tensor[]) => void)([rows, kernelMinusOne, inverse, s])
    return {
      value: tf.sum(tf.mul(s, r)),
      gradFunc: (dy, saved) => {
        const [zc, k, inv, weight] = saved as [Tensor2D, Tensor2D, Tensor2D, Tensor2D]
        const g = tf.matMul(tf.matMul(inv, weight), inv) as Tensor2D
        const scale = tf.mul(dy, (-4 * EPSILON * n) / (2 * SIGMA ** 2 * features))
        const d = tf.mul(tf.mul(centredKernel(g), tf.add(k, 1)), scale) as Tensor2D
        const gradient = tf.sub(tf.mul(tf.sum(d, 1, true), zc), tf.matMul(d, zc))
        return tf.reshape(gradient, shape)
      },
    }
  })(z) as Scalar

/**
 * nHSIC(A, Z) = tr(R_A·R_Z): normalised (CCA) dependence between A, given as R_A, and hidden activations. ≥ 0,
 * symmetric in A and Z, at most n − 1. Paper: HBaR (Wang et al. 2021), eq. 6; Fukumizu et al. 2007.
 */
export const nHsic = (z: Tensor, rA: Tensor2D): Scalar => normalisedTrace(z, rA)

/** Weights of the bottleneck: what the layers keep of X costs λx, what they keep of Y earns λy. */
export interface BottleneckWeights {
  readonly lambdaX: number
  readonly lambdaY: number
}

/** S = λx·R_X − λy·R_Y, once a minibatch. */
export const bottleneckMatrix = (rX: Tensor2D, rY: Tensor2D, { lambdaX, lambdaY }: BottleneckWeights): Tensor2D =>
  tf.sub(tf.mul(rX, lambdaX), tf.mul(rY, lambdaY)) as Tensor2D

/** Σ_l tr(S·R_Zl) = Σ_l λx·nHSIC(X, Z_l) − λy·nHSIC(Y, Z_l) over the hidden activations. */
export const bottleneckLoss = (hidden: readonly Tensor[], s: Tensor2D): Scalar =>
  hidden.map((z) => normalisedTrace(z, s)).reduce((sum, term) => tf.add(sum, term) as Scalar)
