import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { canCompile } from '../../engine/graph/compiledGraph.js'
import type { BottleneckWeights } from './bottleneck.js'
import { lossByGraph, matrixByGraph } from './compiledHsic.js'
import { lossByKernels, matrixByKernels } from './hsicKernels.js'

/**
 * S = λx·R_X − λy·R_Y of a minibatch, with a Gaussian kernel of the images and a linear kernel of the labels. S·1 = 0.
 *
 * @param images n × …
 * @param labels n × classes, one-hot
 * @returns n × n, symmetric
 */
export const bottleneckMatrix = (images: Tensor, labels: Tensor2D, weights: BottleneckWeights): Tensor2D =>
  (canCompile() ? matrixByGraph : matrixByKernels)(images, labels, weights)

/**
 * Σ_l tr(S·R_Zl) over the hidden activations Z_l. With S = λx·R_X − λy·R_Y it is the bottleneck
 * Σ_l λx·nHSIC(X, Z_l) − λy·nHSIC(Y, Z_l), at the cost of one factorisation per layer.
 *
 * R = I − εn·A⁻¹ with A = HKH + c·11ᵀ + εn·I. Gradient, with K' = K − 1: ∂/∂A = G = εn·A⁻¹·S·A⁻¹; ∂/∂K = HGH; with
 * D = −HGH ∘ K / (2σ²d), ∂/∂z = 4·(diag(D·1) − D)·z, where z may be the centred rows, since rows of (diag(D·1) − D)
 * sum to zero.
 *
 * @param hidden at least one, each n × …
 * @param s S, n × n, symmetric, with rows that sum to 0; gets no gradient
 * @param sigmas σ of the kernel of each hidden activation. @default 5 for each
 * Source: Wang et al., "Revisiting Hilbert-Schmidt Information Bottleneck for Adversarial Robustness", NeurIPS 2021;
 * Jian et al., ICDM 2022, eq. 7.
 */
export const bottleneckLoss = (hidden: readonly Tensor[], s: Tensor2D, sigmas: readonly number[] = []): Scalar =>
  (canCompile() ? lossByGraph : lossByKernels)(hidden, s, sigmas)

/**
 * nHSIC(A, Z) = tr(R_A·R_Z): the normalised (CCA) dependence between A and hidden activations Z, in [0, n − 1] and
 * symmetric in A and Z.
 *
 * @param z n × …
 * @param rA R_A, n × n
 * Source: Fukumizu et al., "Kernel Measures of Conditional Dependence", NIPS 2007; Wang et al., NeurIPS 2021, eq. 6.
 */
export const nHsic = (z: Tensor, rA: Tensor2D): Scalar => bottleneckLoss([z], rA)
