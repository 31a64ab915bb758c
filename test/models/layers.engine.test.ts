import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { conv2d } from '../../src/engine/ops/conv2d.js'
import { linear } from '../../src/engine/ops/linear.js'
import type { Activation } from '../../src/engine/ops/relu.js'
import { tf } from '../../src/engine/tf.js'
import { convolution } from '../support/convolution.js'
import { gradientError } from '../support/directional.js'
import { distance, relativeError, seededNumbers } from '../support/numbers.js'

/** Relative to the largest value: float32 sums of a hundred products. */
const ROUNDING = 1e-5

/**
 * Relative to the typical directional derivative. A layer is linear in each of its inputs, so differences are exact up
 * to the rounding of outputs: 6e-8·√outputs / h of about 10.
 */
const TOLERANCE = 2e-3

/** Large for linear layers; small with a ReLU, so that some directions cross no kink. */
const STEP: Readonly<Record<Activation, number>> = { linear: 0.5, relu: 2e-3 }

type Run = (inputs: readonly Tensor[]) => Tensor

/** Checks every input's gradient of Σ dy·run(inputs) by differences, and that `run` has the expected values. */
const checkLayer = (
  run: Run,
  shapes: readonly (readonly number[])[],
  activation: Activation,
  firstSeed: number,
): void => {
  const tensors = (inputs: readonly Float32Array[]): Tensor[] =>
    inputs.map((values, i) => tf.tensor(values, [...(shapes[i] ?? [])]))
  const outputs = (inputs: readonly Float32Array[]): Float32Array =>
    tf.tidy(() => run(tensors(inputs)).dataSync<'float32'>())
  for (let seed = firstSeed; seed < firstSeed + 200; seed++) {
    const inputs = shapes.map((shape, i) =>
      seededNumbers(
        seed + 7 * i,
        shape.reduce((a, b) => a * b),
      ),
    )
    const y = outputs(inputs)
    const dy = seededNumbers(seed + 50, y.length)
    let bends = false
    const objective = (at: readonly Float32Array[]): number => {
      const values = outputs(at)
      if (values.some((value, i) => value > 0 !== Number(y[i]) > 0)) bends = activation === 'relu'
      return values.reduce((sum, value, i) => sum + value * Number(dy[i]), 0)
    }
    const gradients = tf.tidy(() => {
      const { grads } = tf.valueAndGrads((...at: Tensor[]) => run(at))(
        tensors(inputs),
        tf.tensor(dy, outputShape(run, tensors(inputs))),
      )
      return grads.map((gradient) => gradient.dataSync<'float32'>())
    })
    const error = gradientError(objective, inputs, gradients, { step: STEP[activation], seed, count: 2 })
    // A ReLU's kink between the two points makes the difference meaningless. Only the inputs decide this.
    if (bends) continue
    expect(error).toBeLessThan(TOLERANCE)
    return
  }
  throw new Error('no direction without a bend')
}

const outputShape = (run: Run, inputs: readonly Tensor[]): number[] => run(inputs).shape

const activations = ['linear', 'relu'] as const

const convolutions = [5, 6].flatMap((size) =>
  [1, 2].flatMap((stride) =>
    [0, 1, 2].flatMap((padding) =>
      [3, 4].flatMap((kernel) => activations.map((activation) => ({ size, stride, padding, kernel, activation }))),
    ),
  ),
)

describe('a convolution with its bias and activation', () => {
  const [batch, inChannels, outChannels] = [2, 2, 3]

  it.each(convolutions)(
    'size $size, kernel $kernel, stride $stride, padding $padding, $activation',
    ({ size, stride, padding, kernel, activation }) => {
      const run: Run = ([x, w, b]) => conv2d(x as Tensor4D, w as Tensor4D, b as Tensor1D, stride, padding, activation)
      const shapes = [[batch, size, size, inChannels], [kernel, kernel, inChannels, outChannels], [outChannels]]
      const [x = new Float32Array(0), w = new Float32Array(0), b = new Float32Array(0)] = shapes.map((shape, i) =>
        seededNumbers(
          90 + i,
          shape.reduce((p, q) => p * q),
        ),
      )
      const found = tf.tidy(() => {
        const y = run([tf.tensor(x, shapes[0]), tf.tensor(w, shapes[1]), tf.tensor(b, shapes[2])])
        return { shape: y.shape, values: y.dataSync() }
      })
      const padded = padImages(x, size, padding)
      const out = Math.floor((size + 2 * padding - kernel) / stride) + 1
      expect(found.shape).toEqual([batch, out, out, outChannels])
      const { y } = convolution(
        { batch, size: size + 2 * padding, inChannels, outChannels, kernel, stride, pad: 'valid' },
        padded,
        w,
        new Float32Array(batch * out * out * outChannels),
      )
      const expected = y.map((value, i) => value + Number(b[i % outChannels]))
      expect(
        distance(found.values, activation === 'relu' ? expected.map((v) => Math.max(0, v)) : expected),
      ).toBeLessThan(ROUNDING)
      checkLayer(run, shapes, activation, size + 10 * kernel)
    },
  )

  const padImages = (x: Float32Array, size: number, padding: number): Float32Array => {
    const side = size + 2 * padding
    const padded = new Float32Array(batch * side * side * inChannels)
    for (let i = 0; i < x.length; i++) {
      const channel = i % inChannels
      const column = Math.floor(i / inChannels) % size
      const row = Math.floor(i / inChannels / size) % size
      const image = Math.floor(i / inChannels / size / size)
      padded[((image * side + row + padding) * side + column + padding) * inChannels + channel] = x[i] ?? 0
    }
    return padded
  }

  it('pads each side of an image that is not square by what it needs', () => {
    // 5 rows and 6 columns at stride 2 with padding 1: TensorFlow's own padding fits only the rows.
    checkLayer(
      ([x, w, b]) => conv2d(x as Tensor4D, w as Tensor4D, b as Tensor1D, 2, 1, 'linear'),
      [[1, 5, 6, 2], [3, 3, 2, 2], [2]],
      'linear',
      3,
    )
  })
})

describe('a linear layer with its bias and activation', () => {
  it.each(activations)('%s', (activation) => {
    const run: Run = ([x, w, b]) => linear(x as Tensor2D, w as Tensor2D, b as Tensor1D, activation)
    const [x, w, b] = [seededNumbers(1, 20), seededNumbers(2, 35), seededNumbers(3, 7)]
    const found = tf.tidy(() => run([tf.tensor2d(x, [4, 5]), tf.tensor2d(w, [5, 7]), tf.tensor1d(b)]).dataSync())
    const expected = Array.from({ length: 28 }, (_, i) => {
      const [row, column] = [Math.floor(i / 7), i % 7]
      const sum = Array.from({ length: 5 }, (_unused, k) => Number(x[row * 5 + k]) * Number(w[k * 7 + column])).reduce(
        (p, q) => p + q,
      )
      const value = sum + Number(b[column])
      return activation === 'relu' ? Math.max(0, value) : value
    })
    expect(relativeError(found, expected)).toBeLessThan(ROUNDING)
    checkLayer(run, [[4, 5], [5, 7], [7]], activation, 8)
  })
})
