import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import { bottleneckGradient } from '../../engine/ops/bottleneckGradient.js'
import { type GaussianKernel, gaussianKernel } from '../../engine/ops/gaussianKernel.js'
import { normalisedDifference } from '../../engine/ops/normalisedDifference.js'
import { regularised } from '../../engine/ops/regularised.js'
import { spdInverse } from '../../engine/ops/spdInverse.js'
import { tf } from '../../engine/tf.js'
import { sum, sumOfProducts, trace } from '../sums.js'
import { type BottleneckWeights, EPSILON, exponentOf } from './bottleneck.js'

/** −1/(2σ²d) of a tensor with a row of d features per example. */
const exponentFor = (z: Tensor, sigma: number | undefined): number => exponentOf(z.size / (z.shape[0] ?? 1), sigma)

/**
 * A⁻¹ with A = HKH + c·11ᵀ + εn·I; R = I − εn·A⁻¹ is the normalised kernel. Apart from c, R = A⁻¹·HKH.
 *
 * PwoA's code has R = KH·(KH + εnI)⁻¹, centred on one side only. tr(R_a·R_b) is the same for both forms, but here every
 * matrix is symmetric and positive definite, so that Cholesky applies and float32 suffices.
 *
 * HKH maps the vector 1 to 0. Without c, A⁻¹ would have the eigenvalue 1/εn there, some hundred times its others, and
 * they would lose digits. c changes R·1 and nothing else: HRH is the same for every c, and so is tr(S·R) if S·1 = 0.
 */
const inverseOf = (kernel: Tensor2D): Tensor2D => spdInverse(regularised(kernel, EPSILON * kernel.shape[0]))

/** `bottleneckMatrix` by kernels, on engines and devices without graphs. */
export const matrixByKernels = (images: Tensor, labels: Tensor2D, weights: BottleneckWeights): Tensor2D =>
  tf.tidy(() => {
    const { sigma, ...lambdas } = weights
    const ofImages = inverseOf(gaussianKernel(images, exponentFor(images, sigma)).kernel)
    const ofLabels = inverseOf(tf.matMul(labels, labels, false, true))
    return normalisedDifference(ofImages, ofLabels, { ridge: EPSILON * labels.shape[0], ...lambdas })
  })

/** `bottleneckLoss` by kernels, layer by layer, on engines and devices without graphs. */
export const lossByKernels = (hidden: readonly Tensor[], s: Tensor2D, sigmas: readonly number[]): Scalar =>
  tf.customGrad((...inputs) => {
    const save = inputs.at(-1) as (tensors: Tensor[]) => void
    const activations = inputs.slice(0, -1) as Tensor[]
    const n = s.shape[0]
    const layers = activations.map((z, layer): GaussianKernel & { readonly inverse: Tensor2D } => {
      const made = gaussianKernel(z, exponentFor(z, sigmas[layer]))
      return { ...made, inverse: inverseOf(made.kernel) }
    })
    save([...layers.flatMap(({ rows, kernel, inverse }) => [rows, kernel, inverse]), s])
    const values = s.dataSync()
    // Σ_l tr(S·(I − εn·A_l⁻¹))
    const traces = layers.map(
      ({ inverse }) => trace(values, n) - EPSILON * n * sumOfProducts(values, inverse.dataSync()),
    )
    return {
      value: tf.scalar(sum(traces)),
      gradFunc: (dy, saved) => {
        const factor = 4 * (dy.dataSync()[0] ?? 0) * EPSILON * n
        const matrix = saved.at(-1) as Tensor2D
        return activations.map((z, layer) => {
          const [rows, kernel, inverse] = saved.slice(3 * layer, 3 * layer + 3) as [Tensor2D, Tensor2D, Tensor2D]
          const gradient = bottleneckGradient({ rows, kernel, inverse, matrix }, factor * exponentFor(z, sigmas[layer]))
          return tf.reshape(gradient, z.shape)
        })
      },
    }
  })(...hidden) as Scalar
