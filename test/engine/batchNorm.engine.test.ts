/** Batch normalisation in training, its gradient, and the ReLU after it. */
import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchNorm } from '../../src/engine/ops/batchNorm.js'
import { conv2d } from '../../src/engine/ops/conv2d.js'
import { relu } from '../../src/engine/ops/relu.js'
import { tf } from '../../src/engine/tf.js'
import { runKernel } from '../support/kernel.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Relative to the largest value: float32 sums over up to 300 positions, divided by a deviation of about 1. */
const TOLERANCE = 1e-5

const EPSILON = 1e-5

interface Problem {
  readonly channels: number
  readonly x: Float32Array
  readonly scale: Float32Array
  readonly offset: Float32Array
  readonly dy: Float32Array
  readonly activation: 'linear' | 'relu'
}

/** Computed in float64 by plain loops, channel by channel. */
const reference = ({ channels, x, scale, offset, dy, activation }: Problem) => {
  const y = new Float64Array(x.length)
  const dx = new Float64Array(x.length)
  const mean = new Float64Array(channels)
  const variance = new Float64Array(channels)
  const dScale = new Float64Array(channels)
  const dOffset = new Float64Array(channels)
  for (let c = 0; c < channels; c++) {
    const at = Array.from({ length: x.length / channels }, (_, row) => row * channels + c)
    const average = (values: (i: number) => number): number => at.reduce((sum, i) => sum + values(i), 0) / at.length
    const mu = average((i) => Number(x[i]))
    const sigma2 = average((i) => (Number(x[i]) - mu) ** 2)
    const deviation = Math.sqrt(sigma2 + EPSILON)
    const [gamma, beta] = [Number(scale[c]), Number(offset[c])]
    const hat = (i: number): number => (Number(x[i]) - mu) / deviation
    const before = (i: number): number => gamma * hat(i) + beta
    const dz = (i: number): number => (activation === 'relu' && before(i) <= 0 ? 0 : Number(dy[i]))
    const [meanGradient, meanProduct] = [average(dz), average((i) => dz(i) * hat(i))]
    for (const i of at) {
      y[i] = activation === 'relu' ? Math.max(0, before(i)) : before(i)
      dx[i] = (gamma / deviation) * (dz(i) - meanGradient - hat(i) * meanProduct)
    }
    mean[c] = mu
    variance[c] = sigma2
    dScale[c] = at.length * meanProduct
    dOffset[c] = at.length * meanGradient
  }
  return { y, mean, variance, dx, dScale, dOffset }
}

const found = ({ channels, x, scale, offset, dy, activation }: Problem, shape: [number, number, number, number]) =>
  tf.tidy(() => {
    const inputs = [tf.tensor4d(x, shape), tf.tensor1d(scale), tf.tensor1d(offset)]
    const run = ([image, gamma, beta]: readonly Tensor[]) =>
      batchNorm(image as Tensor4D, gamma as Tensor1D, beta as Tensor1D, EPSILON, activation)
    const { y, mean, variance } = run(inputs)
    const gradients = tf.grads((...given: Tensor[]) => run(given).y)(inputs, tf.tensor4d(dy, shape))
    const [dx, dScale, dOffset] = gradients.map((tensor) => tensor.dataSync()) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ]
    expect([mean.shape, variance.shape]).toEqual([[channels], [channels]])
    return { y: y.dataSync(), mean: mean.dataSync(), variance: variance.dataSync(), dx, dScale, dOffset }
  })

const problem = (seed: number, size: number, channels: number, activation: Problem['activation']): Problem => ({
  channels,
  activation,
  x: seededNumbers(seed, size * channels).map((value, i) => 3 * value + (i % channels)),
  scale: seededNumbers(seed + 1, channels).map((value) => 1 + 0.5 * value),
  offset: seededNumbers(seed + 2, channels),
  dy: seededNumbers(seed + 3, size * channels),
})

describe('batch normalisation', () => {
  it('and its gradients agree with plain loops in float64', () => {
    fc.assert(
      fc.property(
        fc.nat(1e6),
        fc.integer({ min: 2, max: 5 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom('linear' as const, 'relu' as const),
        (seed, examples, side, channels, activation) => {
          // At least three values: for two, x̂ is always ±1, and dx is nothing but rounding.
          const given = problem(seed, examples * (side + 1) * side, channels, activation)
          const before = { tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }
          const here = found(given, [examples, side + 1, side, channels])
          expect({ tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }).toEqual(before)
          const expected = reference(given)
          for (const name of ['y', 'mean', 'variance', 'dx', 'dScale', 'dOffset'] as const)
            expect(distance(here[name], expected[name]), name).toBeLessThan(TOLERANCE)
        },
      ),
      { numRuns: 40, seed: 6 },
    )
  })

  it('of a single value gives the offset, variance 0 and gradient 0', () => {
    const given = problem(3, 1, 2, 'linear')
    const { y, variance, dx, dOffset } = found(given, [1, 1, 1, 2])
    expect(distance(y, given.offset)).toBe(0)
    expect([...variance, ...dx].map(Math.abs)).toEqual([0, 0, 0, 0])
    expect(distance(dOffset, given.dy)).toBe(0)
  })

  it('keeps the digits of a channel far from 0', () => {
    const given = problem(4, 200, 2, 'linear')
    const far: Problem = { ...given, x: given.x.map((value) => value + 100) }
    const [here, expected] = [found(far, [2, 10, 10, 2]), reference(far)]
    // 1e-5 in x, the rounding of 100 in float32, over a deviation of 1.7.
    for (const name of ['y', 'variance', 'dx'] as const)
      expect(distance(here[name], expected[name]), name).toBeLessThan(1e-4)
  })

  it('leaves no tensors behind if it is called as a kernel', () => {
    const inputs = { x: tf.ones([2, 3, 3, 2]), scale: tf.ones([2]), offset: tf.zeros([2]) }
    const before = { tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }
    const outputs = runKernel('PwoaBatchNorm', inputs, { epsilon: EPSILON, activation: 'relu' })
    expect(outputs).toHaveLength(3)
    tf.dispose([...outputs])
    expect({ tensors: tf.memory().numTensors, data: tf.engine().backend.numDataIds() }).toEqual(before)
    tf.dispose(inputs)
  })
})

describe('a convolution without bias', () => {
  it.each(['linear', 'relu'] as const)('equals one with a bias of zeros, %s', (activation) => {
    const x = seededNumbers(1, 2 * 6 * 6 * 3)
    const w = seededNumbers(2, 3 * 3 * 3 * 4)
    const [without, withZeros] = [undefined, new Float32Array(4)].map((bias) =>
      tf.tidy(() => {
        const run = (image: Tensor, filter: Tensor): Tensor =>
          conv2d(image as Tensor4D, filter as Tensor4D, bias && tf.tensor1d(bias), 1, 1, activation)
        const inputs = [tf.tensor4d(x, [2, 6, 6, 3]), tf.tensor4d(w, [3, 3, 3, 4])] as const
        const gradients = tf.grads((...[image, filter]) => run(image as Tensor, filter as Tensor))([...inputs])
        return [run(...inputs), ...gradients].map((tensor) => Array.from(tensor.dataSync()))
      }),
    )
    expect(without).toEqual(withZeros)
  })
})

describe('relu', () => {
  it('passes the gradient where x > 0, by one kernel', async () => {
    const inputs = [tf.tensor1d([-1, -0, 0, 2, 3]), tf.tensor1d([1, 2, 3, 4, 5])] as const
    const y = relu(inputs[0])
    const profile = await tf.profile(() => tf.grad((x) => relu(x))(...inputs))
    const dx = profile.result as Tensor
    expect([...y.dataSync()].map((value) => value + 0)).toEqual([0, 0, 0, 2, 3])
    expect([...dx.dataSync()]).toEqual([0, 0, 0, 4, 5])
    expect(profile.kernelNames).toContain('PwoaReluGrad')
    expect(profile.kernelNames).not.toContain('Step')
    tf.dispose([...inputs, y, dx])
  })
})
