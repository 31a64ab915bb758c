import type { Scalar, Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core'
import { spdInverse } from '../engine/ops/spdInverse.js'
import { tf } from '../engine/tf.js'
import { type BottleneckWeights, EPSILON, exponentOf } from './bottleneck.js'
import { centredRows, gaussianKernelsMinusOne, linearKernel } from './kernels.js'
import { centred, sumOfProducts, trace } from './squares.js'

/**
 * A⁻¹ with A = HKH + c·11ᵀ + εn·I, for kernel matrices K of n examples; R = I − εn·A⁻¹ is the normalised kernel. But
 * for c, R = A⁻¹·HKH.
 *
 * The reference writes R = KH·(KH + εnI)⁻¹, centred on one side only. tr(R_a·R_b) is the same for both forms, but here
 * everything is symmetric and positive definite, so that Cholesky applies and float32 suffices.
 *
 * c lifts the vector 1, which HKH maps to 0. There A⁻¹ would be 1/εn, some hundred times its other eigenvalues, and
 * swamp their digits. R·1 changes and nothing else: HRH is the same for every c, and so is tr(S·R) where S·1 = 0.
 *
 * @param kernels each one or more n × n matrices in a row
 * @returns matrices × n × n
 */
const regularisedInverses = (n: number, ...kernels: readonly Float32Array[]): Tensor3D => {
  const size = n * n
  const all = new Float32Array(kernels.reduce((sum, { length }) => sum + length, 0))
  let to = 0
  for (const kernel of kernels)
    for (let from = 0; from < kernel.length; from += size, to += size)
      regularise(centred(kernel, n, from), n, all.subarray(to, to + size))
  return spdInverse(tf.tensor3d(all, [all.length / size, n, n]))
}

/** A = HKH + c·11ᵀ + εn·I with c the mean of |HKH|. */
const regularise = (hkh: Float64Array, n: number, out: Float32Array): void => {
  let sum = 0
  for (const value of hkh) sum += Math.abs(value)
  const lift = sum / n ** 2
  for (let i = 0; i < out.length; i++) out[i] = (hkh[i] ?? 0) + lift
  for (let i = 0; i < out.length; i += n + 1) out[i] = (hkh[i] ?? 0) + lift + EPSILON * n
}

/** HRH = H·(I − εn·A⁻¹)·H of one of the inverses; rows sum to 0. */
const normalised = (inverses: Float32Array, n: number, matrix: number): Float64Array => {
  const r = centred(inverses, n, matrix * n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) r[i * n + j] = (i === j ? 1 : 0) - 1 / n - EPSILON * n * (r[i * n + j] ?? 0)
  return r
}

/** R_X of a minibatch's images (or of any tensor with one row of features per example): Gaussian kernel. R_X·1 = 0. */
export const normalisedGaussian = (x: Tensor): Tensor2D =>
  tf.tidy(() => onlyNormalised(gaussianKernelsMinusOne([centredRows(x)]), x.shape[0] ?? 0))

/** R_Y of one-hot labels: linear kernel. R_Y·1 = 0. */
export const normalisedLinear = (labels: Tensor2D): Tensor2D =>
  tf.tidy(() => onlyNormalised(linearKernel(labels), labels.shape[0]))

const onlyNormalised = (kernel: Tensor, n: number): Tensor2D => {
  const inverse = regularisedInverses(n, kernel.dataSync<'float32'>()).dataSync<'float32'>()
  return tf.tensor2d(Float32Array.from(normalised(inverse, n, 0)), [n, n])
}

/** See `bottleneckMatrix`: the n² numbers between two tensor operations are gone through here. */
export const matrixByPasses = (images: Tensor, labels: Tensor2D, { lambdaX, lambdaY }: BottleneckWeights): Tensor2D =>
  tf.tidy(() => {
    const n = labels.shape[0]
    const ofImages = gaussianKernelsMinusOne([centredRows(images)]).dataSync<'float32'>()
    const inverses = regularisedInverses(n, ofImages, linearKernel(labels).dataSync<'float32'>())
    const values = inverses.dataSync<'float32'>()
    const [rX, rY] = [normalised(values, n, 0), normalised(values, n, 1)]
    return tf.tensor2d(
      Float32Array.from(rX, (value, i) => lambdaX * value - lambdaY * (rY[i] ?? 0)),
      [n, n],
    )
  })

/** See `bottleneckLoss`: the n² numbers between two tensor operations are gone through here. */
export const lossByPasses = (hidden: readonly Tensor[], s: Tensor2D): Scalar =>
  tf.customGrad((...inputs) => {
    const save = inputs.at(-1) as (tensors: Tensor[]) => void
    const activations = inputs.slice(0, -1) as Tensor[]
    const n = s.shape[0]
    const rows = activations.map(centredRows)
    const kernelsMinusOne = gaussianKernelsMinusOne(rows).dataSync<'float32'>()
    const inverses = regularisedInverses(n, kernelsMinusOne)
    save([...rows, inverses, s])
    return {
      value: tf.scalar(tracesOf(s.dataSync(), inverses.dataSync(), n)),
      gradFunc: (dy, saved) => {
        const kept = saved.slice(0, -2) as Tensor2D[]
        const [inverse, weight] = saved.slice(-2) as [Tensor3D, Tensor2D]
        const half = tf.matMul(tf.reshape(inverse, [-1, n]), weight)
        const g = tf.matMul(tf.reshape(half, inverse.shape), inverse).dataSync<'float32'>()
        const factor = (dy.dataSync()[0] ?? 0) * EPSILON * n
        return kept.map((z, layer) => {
          const pulls = pullsOf(g, kernelsMinusOne, layer, n, 4 * factor * exponentOf(z.shape[1]))
          return tf.reshape(tf.matMul(tf.tensor2d(pulls, [n, n]), z), activations[layer]?.shape ?? z.shape)
        })
      },
    }
  })(...hidden) as Scalar

/** Σ tr(S·(I − εn·A⁻¹)) over the inverses. */
const tracesOf = (s: ArrayLike<number>, inverses: ArrayLike<number>, n: number): number => {
  const own = trace(s, n)
  let sum = 0
  for (let start = 0; start < inverses.length; start += n * n)
    sum += own - EPSILON * n * sumOfProducts(s, inverses, n * n, start)
  return sum
}

/** diag(D·1) − D with D = scale·HGH ∘ K, of one layer. */
const pullsOf = (
  g: Float32Array,
  kernelsMinusOne: Float32Array,
  layer: number,
  n: number,
  scale: number,
): Float32Array => {
  const d = centred(g, n, layer * n * n)
  const pulls = new Float32Array(n * n)
  for (let i = 0; i < n; i++) {
    let sum = 0
    for (let j = 0; j < n; j++) {
      const at = i * n + j
      const value = scale * (d[at] ?? 0) * (1 + (kernelsMinusOne[layer * n * n + at] ?? 0))
      sum += value
      pulls[at] = -value
    }
    pulls[i * n + i] = sum + (pulls[i * n + i] ?? 0)
  }
  return pulls
}
