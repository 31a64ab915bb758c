import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { beforeAll, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { bottleneckLoss, bottleneckMatrix, nHsic } from '../../src/math/hsic/hsic.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { indexOf } from '../../src/models/parameters/torchOrder.js'
import { imagesOf, labelsOf } from '../../src/training/network/images.js'
import { nonEmpty } from '../support/expectEvery.js'
import { describeGolden, ownName, readGolden, readPublicNetwork, readTestSplit } from '../support/golden.js'
import { gaussianMinusOne, normalisedGaussian, normalisedLinear } from '../support/hsicKernels.js'
import { type Bottleneck64, bottleneck64 } from '../support/mnistNet64.js'
import { norm, relativeError } from '../support/numbers.js'

interface Hsic {
  readonly float64: {
    readonly nHSIC_X_Z: readonly number[]
    readonly nHSIC_Y_Z: readonly number[]
    readonly nHSIC_X_X: number
    readonly nHSIC_X_Y: number
    readonly loss: number
    readonly grads: Readonly<
      Record<string, { readonly l2: number; readonly sum: number; readonly first8: readonly number[] } | null>
    >
    readonly K_X_row0: readonly number[]
    readonly KH_X_row0: readonly number[]
    readonly K_Z_row0: readonly (readonly number[])[]
    readonly KH_Z_row0: readonly (readonly number[])[]
    readonly KH_Y_row0: readonly number[]
  }
}

/**
 * Relative error of each parameter's gradient in L2 norm. The project promises 1e-3. Both engines are within 5e-5 here,
 * while the error of the reference's own float32 code is up to 13 times the gradient.
 */
const GRADIENT = 2e-4

/** Relative, for the loss and for nHSIC with images: about ten float32 roundings. */
const VALUE = 5e-5

/**
 * Relative, for nHSIC with labels. Their kernel has 6 to 9 eigenvalues of at least 1, and as many of 0. In the
 * directions of the latter A is only εn = 1.6e-4, and R = I − εn·A⁻¹ has rounding errors of 1e-4.
 */
const LABELS = 3e-4

/** Relative to the largest entry of a kernel's row: distances lose two or three of seven digits. */
const KERNEL = 2e-5

/** Relative: float64 against float64, with an inverse of condition 1e4. */
const REFERENCE = 1e-8

const lambdas = { lambdaX: 2e-4, lambdaY: 5e-5 }

interface Network {
  readonly architecture: Architecture
  readonly weights: Float32Array
}

const largest = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => Math.max(a, Math.abs(b)), 0)

/** The first test images and labels, as tensors and as plain numbers. */
const batchOf = (count: number) => {
  const split = readTestSplit(count)
  const indices = Uint32Array.from({ length: count }, (_, i) => i)
  return {
    images: (): Tensor4D => imagesOf(split, { height: 28, width: 28, channels: 1 }, indices),
    labels: (): Tensor2D => labelsOf(split, 10, indices),
    pixels: Float64Array.from(split.images, (byte) => Math.fround(byte / 255)),
    oneHot: Float64Array.from({ length: 10 * count }, (_, i) => (split.labels[Math.floor(i / 10)] === i % 10 ? 1 : 0)),
  }
}

/** The loss and its gradient, one vector cut into parameters, by the code under test. */
const onEngine = ({ architecture, weights }: Network, count: number) => {
  const batch = batchOf(count)
  const { loss, gradient } = tf.tidy(() => {
    const images = batch.images()
    const s = bottleneckMatrix(images, batch.labels(), lambdas)
    const lossOf = (w: Tensor): Scalar =>
      bottleneckLoss(forward(architecture, unflatten(architecture, w as Tensor1D), images).hidden, s)
    const { value, grad } = tf.valueAndGrad(lossOf)(tf.tensor1d(weights))
    return { loss: Number(value.dataSync()[0]), gradient: grad.dataSync() }
  })
  return {
    loss,
    gradients: new Map(
      parametersOf(architecture).map(({ name, offset, size }) => [name, gradient.slice(offset, offset + size)]),
    ),
  }
}

describeGolden('HSIC bottleneck on mnist_fastat_pgd', () => {
  const golden = readGolden<Hsic>('hsic').float64
  let network: Network
  let reference: Bottleneck64
  const reference64 = (count: number): Bottleneck64 => {
    const { pixels, oneHot } = batchOf(count)
    return bottleneck64(network.architecture, network.weights, pixels, oneHot, count, lambdas)
  }

  beforeAll(async () => {
    network = await readPublicNetwork('mnist_fastat_pgd')
    reference = reference64(16)
  })

  it('the float64 reference of these tests has the golden values, loss and gradients', () => {
    expect(relativeError(reference.nHsicX, golden.nHSIC_X_Z)).toBeLessThan(REFERENCE)
    expect(relativeError(reference.nHsicY, golden.nHSIC_Y_Z)).toBeLessThan(REFERENCE)
    expect(Math.abs(reference.loss / golden.loss - 1)).toBeLessThan(REFERENCE)
    for (const { name, expected, inTorchOrder } of nonEmpty(goldenGradients(golden, network.architecture))) {
      const found = inTorchOrder(reference.gradients.get(name) ?? [])
      expect(Math.abs(norm(found) / expected.l2 - 1), `${name}: norm`).toBeLessThan(REFERENCE)
      expect(relativeError(found.slice(0, 8), expected.first8), `${name}: first 8`).toBeLessThan(1e-6)
    }
  })

  it('nHSIC of every hidden layer with images and labels', () => {
    const batch = batchOf(16)
    const found = tf.tidy(() => {
      const images = batch.images()
      const [rX, rY] = [normalisedGaussian(images), normalisedLinear(batch.labels())]
      const weights = unflatten(network.architecture, tf.tensor1d(network.weights))
      const { hidden } = forward(network.architecture, weights, images)
      const value = (z: Tensor, r: Tensor2D): number => Number(nHsic(z, r).dataSync()[0])
      return {
        x: hidden.map((z) => value(z, rX)),
        y: hidden.map((z) => value(z, rY)),
        xx: value(images, rX),
        xy: value(images, rY),
      }
    })
    const { nHSIC_X_Z, nHSIC_Y_Z, nHSIC_X_X, nHSIC_X_Y } = golden
    for (const [i, value] of [nHSIC_X_X, ...nHSIC_X_Z].entries())
      expect(Math.abs(Number([found.xx, ...found.x][i]) / value - 1), `X, ${i}`).toBeLessThan(VALUE)
    for (const [i, value] of [nHSIC_X_Y, ...nHSIC_Y_Z].entries())
      expect(Math.abs(Number([found.xy, ...found.y][i]) / value - 1), `Y, ${i}`).toBeLessThan(LABELS)
  })

  it('kernels: K − 1, and K·H, which is centred on one side', () => {
    const batch = batchOf(16)
    const rowsOf = (kernel: Tensor2D): { readonly minusOne: number[]; readonly centred: number[] } => ({
      minusOne: Array.from(kernel.dataSync().slice(0, 16)),
      centred: Array.from(
        tf
          .sub(kernel, tf.mean(kernel, 1, true))
          .dataSync()
          .slice(0, 16),
      ),
    })
    const found = tf.tidy(() => {
      const images = batch.images()
      const weights = unflatten(network.architecture, tf.tensor1d(network.weights))
      const { hidden } = forward(network.architecture, weights, images)
      return {
        gaussian: [images, ...hidden].map((z) => rowsOf(gaussianMinusOne(z))),
        labels: rowsOf(tf.matMul(batch.labels(), batch.labels(), false, true)).centred,
      }
    })
    const kernels = [golden.K_X_row0, ...golden.K_Z_row0]
    const oneSided = [golden.KH_X_row0, ...golden.KH_Z_row0]
    for (const [i, { minusOne, centred: ours }] of nonEmpty(found.gaussian.entries())) {
      const expected = (kernels[i] ?? []).map((value) => value - 1)
      const gap = largest(expected.map((value, j) => value - Number(minusOne[j])))
      expect(gap, `K − 1 of tensor ${i}`).toBeLessThan(KERNEL * largest(expected))
      const gapCentred = largest((oneSided[i] ?? [Number.NaN]).map((value, j) => value - Number(ours[j])))
      expect(gapCentred, `KH of tensor ${i}`).toBeLessThan(KERNEL * largest(oneSided[i] ?? []))
      expect(Math.abs(Number(minusOne[0])), 'a diagonal of exactly 1').toBe(0)
    }
    expect(largest(golden.KH_Y_row0.map((value, i) => value - Number(found.labels[i])))).toBeLessThan(1e-6)
  })

  it('loss and every gradient, 16 images', () => {
    const found = onEngine(network, 16)
    expect(Math.abs(found.loss / golden.loss - 1)).toBeLessThan(VALUE)
    for (const { name, expected, size, inTorchOrder } of nonEmpty(goldenGradients(golden, network.architecture))) {
      const ours = inTorchOrder(found.gradients.get(name) ?? [])
      expect(Math.abs(norm(ours) / expected.l2 - 1), `${name}: norm`).toBeLessThan(GRADIENT)
      // Sums cancel. An error of norm δ changes the sum of `size` numbers by at most √size·δ.
      const sum = ours.reduce((total, value) => total + value, 0)
      expect(Math.abs(sum - expected.sum), `${name}: sum`).toBeLessThan(GRADIENT * Math.sqrt(size) * expected.l2)
      // Single elements are compared on the gradient's scale, because some are 1,000 times smaller than others. The
      // factor 5 allows one element a larger error than the average.
      const gap = largest(expected.first8.map((value, i) => value - Number(ours[i])))
      expect(gap, `${name}: first 8`).toBeLessThan((5 * GRADIENT * expected.l2) / Math.sqrt(size))
    }
    for (const [name, truth] of nonEmpty(reference.gradients))
      expect(relativeError(found.gradients.get(name) ?? [], truth), name).toBeLessThan(GRADIENT)
  })

  it('loss and every gradient, a minibatch of 128', () => {
    const truth = reference64(128)
    const found = onEngine(network, 128)
    expect(Math.abs(found.loss / truth.loss - 1)).toBeLessThan(VALUE)
    for (const [name, gradient] of nonEmpty(truth.gradients))
      expect(relativeError(found.gradients.get(name) ?? [], gradient), name).toBeLessThan(GRADIENT)
  })
})

/**
 * The golden gradients under our names, and a function that reorders a gradient from the engine's layout to PyTorch's.
 */
const goldenGradients = ({ grads }: Hsic['float64'], architecture: Architecture) =>
  Object.entries(grads).flatMap(([goldenName, expected]) => {
    const name = ownName(goldenName)
    const parameter = parametersOf(architecture).find((one) => one.name === name)
    if (!expected || !parameter) return []
    const index = indexOf(parameter.torchAxes)
    const inTorchOrder = (values: ArrayLike<number>): Float64Array => {
      const ordered = new Float64Array(values.length)
      for (const [i, to] of index.entries()) ordered[to] = Number(values[i])
      return ordered
    }
    return [{ name, expected, size: parameter.size, inTorchOrder }]
  })
