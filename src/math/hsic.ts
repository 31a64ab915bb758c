import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { canCompile } from '../engine/graph/compiledGraph.js'
import type { BottleneckWeights } from './bottleneck.js'
import { lossByGraph, matrixByGraph } from './compiled/compiledHsic.js'
import { lossByKernels, matrixByKernels } from './hsicKernels.js'

/**
 * S = λx·R_X − λy·R_Y of a minibatch: Gaussian kernel of the images, linear kernel of the labels. S·1 = 0.
 *
 * @param images n × …
 * @param labels n × classes, one-hot
 */
export const bottleneckMatrix = (images: Tensor, labels: Tensor2D, weights: BottleneckWeights): Tensor2D =>
  (canCompile() ? matrixByGraph : matrixByKernels)(images, labels, weights)

/**
 * Σ_l tr(S·R_Zl) over the hidden activations. With S = λx·R_X − λy·R_Y it is the bottleneck
 * Σ_l λx·nHSIC(X, Z_l) − λy·nHSIC(Y, Z_l), at the price of one factorisation a layer, side by side.
 *
 * R = I − εn·A⁻¹ with A = HKH + c·11ᵀ + εn·I. Gradient, with K' = K − 1: ∂/∂A = G = εn·A⁻¹·S·A⁻¹; ∂/∂K = HGH; with
 * D = −HGH ∘ K / (2σ²d), ∂/∂z = 4·(diag(D·1) − D)·z, where z may be the centred rows, since rows of (diag(D·1) − D)
 * sum to zero.
 *
 * @param hidden at least one, each n × …
 * @param s n × n, symmetric, rows that sum to 0, without a gradient
 * @param sigmas σ of the kernel of each hidden activation. Default 5
 */
export const bottleneckLoss = (hidden: readonly Tensor[], s: Tensor2D, sigmas: readonly number[] = []): Scalar =>
  (canCompile() ? lossByGraph : lossByKernels)(hidden, s, sigmas)

/**
 * nHSIC(A, Z) = tr(R_A·R_Z): normalised (CCA) dependence between A, given as R_A, and hidden activations. ≥ 0,
 * symmetric in A and Z, at most n − 1. Paper: HBaR (Wang et al. 2021), eq. 6; Fukumizu et al. 2007.
 */
export const nHsic = (z: Tensor, rA: Tensor2D): Scalar => bottleneckLoss([z], rA)
