/** Numbers rounded to 8-bit integers: PyTorch's values and gradients, onnxruntime's logits to the last bit. */
import { readFileSync } from 'node:fs'
import type { Tensor } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { rounded } from '../../src/engine/ops/rounded.js'
import { tf } from '../../src/engine/tf.js'
import { encodeOnnx } from '../../src/io/checkpoints/onnx/encodeOnnx.js'
import { architecture } from '../../src/models/architecture/architecture.js'
import { describeArchitecture, described } from '../../src/models/architecture/description.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { fakeQuantize, integerTypes, multiplesOf, roundedBy } from '../../src/models/layers/fakeQuantize.js'
import { avgPool2d, conv2d, flatten, linear, maxPool2d, relu } from '../../src/models/layers/layers.js'
import { countsOf } from '../../src/models/parameters/counts.js'
import { parameterCount } from '../../src/models/parameters/parameters.js'
import { shrinkNetwork } from '../../src/models/shrink/shrinkNetwork.js'
import { seededNumbers } from '../support/numbers.js'
import { channelsFirst, runOnnx } from '../support/onnxRuntime.js'

const Golden = t.type({
  x: t.array(t.number),
  cases: t.array(
    t.type({
      integers: t.keyof({ uint8: null, int8: null, uint7: null }),
      scale: t.array(t.number),
      zero_point: t.array(t.number),
      values: t.array(t.number),
      gradient: t.array(t.number),
    }),
  ),
})

const golden = () => {
  const file = new URL('../golden/rounding.json', import.meta.url)
  const read = Golden.decode(JSON.parse(readFileSync(file, 'utf8')))
  if (isLeft(read)) throw new Error('test/golden/rounding.json is of another form')
  return read.right
}

/** Zeros without a sign. */
const plain = (values: ArrayLike<number>): number[] => Array.from(values, (value) => value + 0)

/** All numbers are small multiples of a power of two, so that sums are exact in any order. */
const exact = architecture('exact', { height: 6, width: 6, channels: 2 }, [
  fakeQuantize({ scale: [1 / 64], zeroPoint: [0] }),
  conv2d('first', { out: 4, kernel: 3, padding: 1 }),
  fakeQuantize({ scale: [1 / 8, 1 / 4, 1 / 16, 1 / 2], zeroPoint: [3, -100, 0, 5], integers: 'int8' }),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d('second', { out: 4, kernel: 2 }),
  fakeQuantize({ scale: [1 / 4], zeroPoint: [40], integers: 'uint7' }),
  avgPool2d({ kernel: 2 }),
  flatten(),
  linear('last', { out: 3 }),
  fakeQuantize({ scale: [1 / 2], zeroPoint: [128] }),
])

const EXAMPLES = 5

const weightsOf = (net = exact): Float32Array =>
  seededNumbers(3, parameterCount(net)).map((value) => Math.round(8 * value) / 8)

const pixelsOf = (): Float32Array => seededNumbers(4, EXAMPLES * 72).map((value) => Math.round(64 * (value + 1)) / 128)

describe('numbers rounded to integers', () => {
  const { x, cases } = golden()

  it.each(cases)('$integers, steps of $scale around $zero_point: the values and gradients of PyTorch', (given) => {
    const { integers, scale, zero_point: zeroPoint, values, gradient } = given
    const layer = fakeQuantize({ scale, zeroPoint, integers })
    // Channels are last here.
    const [first, second] = [x.slice(0, x.length / 2), x.slice(x.length / 2)]
    const places = first.map((value, i) => [value, second[i] ?? Number.NaN])
    const found = tf.tidy(() => {
      const input = tf.tensor2d(places)
      const round = (at: Tensor) => rounded(at, multiplesOf(layer))
      return [round(input), tf.grad(round)(input)].map((result) => plain(tf.transpose(result).dataSync()))
    })
    expect(found).toEqual([plain(values), gradient])
    const alone = x.map((value, i) => roundedBy(layer)(value, i < first.length ? 0 : 1))
    expect(plain(alone)).toEqual(plain(values))
  })
})

describe('a network that rounds its activations', () => {
  it('has the logits of onnxruntime to the last bit', async () => {
    const pixels = pixelsOf()
    const weights = weightsOf()
    const ours = tf.tidy(() => {
      const images = tf.tensor4d(pixels, [EXAMPLES, 6, 6, 2])
      return plain(forward(exact, unflatten(exact, tf.tensor1d(weights)), images).logits.dataSync())
    })
    expect(new Set(ours).size).toBeGreaterThan(3)
    const file = encodeOnnx(exact, weights, new Float32Array())
    if (isLeft(file)) throw new Error(describeError(file.left))
    const theirs = await runOnnx(file.right, channelsFirst(pixels, exact.input), [EXAMPLES, 2, 6, 6], 'disabled')
    expect(ours).toEqual(plain(theirs.data))
  })

  it('counts no operations for it, and is described by JSON', () => {
    const bare = architecture('bare', exact.input, [
      conv2d('first', { out: 4, kernel: 3, padding: 1 }),
      maxPool2d({ kernel: 2 }),
      conv2d('second', { out: 4, kernel: 2 }),
      avgPool2d({ kernel: 2 }),
      flatten(),
      linear('last', { out: 3 }),
    ])
    expect(countsOf(exact)).toEqual(countsOf(bare))
    expect(described(describeArchitecture(exact))).toMatchObject({ right: { nodes: exact.nodes } })
  })

  it('shrinks: the grids of channels that go, go', () => {
    const weights = weightsOf()
    // The second filter of the first convolution, with its bias: its channel is a constant.
    for (let i = 1; i < 72; i += 4) weights[i] = 0
    const small = shrinkNetwork({ architecture: exact, weights, statistics: new Float32Array(), mask: undefined })
    const grid = small.architecture.nodes.find(({ id }) => id === 'fakeQuantize-2')?.layer
    expect(grid).toMatchObject({ scale: [1 / 8, 1 / 16, 1 / 2], zeroPoint: [3, 0, 5] })
    const logits = (net: typeof exact, own: Float32Array) =>
      tf.tidy(() =>
        plain(
          forward(
            net,
            unflatten(net, tf.tensor1d(own)),
            tf.tensor4d(pixelsOf(), [EXAMPLES, 6, 6, 2]),
          ).logits.dataSync(),
        ),
      )
    expect(logits(small.architecture, small.weights)).toEqual(logits(exact, weights))
  })
})

it.each([
  [{ scale: [0], zeroPoint: [0] }, /scale/],
  [{ scale: [1], zeroPoint: [256] }, /zeroPoint/],
  [{ scale: [1], zeroPoint: [0.5] }, /zeroPoint/],
])('%j is refused', (options, message) => {
  expect(() => fakeQuantize(options)).toThrow(message)
})

it.each([
  [{ scale: [1, 1, 1], zeroPoint: [0, 0, 0] }, 'one scale, or one for each of 2 channels for "round", got 3'],
  [{ scale: [1], zeroPoint: [0, 0] }, 'as many zero points as scales for "round", got 2'],
  [{ scale: [1], zeroPoint: [200], integers: 'int8' as const }, 'zero points from -128 to 127 for "round", got 200'],
])('%j does not fit', (options, message) => {
  expect(() =>
    architecture('net', exact.input, [
      fakeQuantize({ id: 'round', ...options }),
      flatten(),
      linear('last', { out: 2 }),
    ]),
  ).toThrow(message)
})

it('names its types of integers', () => {
  expect(integerTypes).toEqual(['uint8', 'int8', 'uint7'])
})
