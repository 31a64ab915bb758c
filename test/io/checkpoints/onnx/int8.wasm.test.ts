/** Networks in 8-bit integers, run by onnxruntime. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Dataset, Split } from '../../../../src/dsl/dataset.js'
import { describeError } from '../../../../src/dsl/errors.js'
import { tf } from '../../../../src/engine/tf.js'
import { encodeInt8 } from '../../../../src/io/checkpoints/onnx/encodeInt8.js'
import { encodeOnnx } from '../../../../src/io/checkpoints/onnx/encodeOnnx.js'
import { dataTypes, decodeModel } from '../../../../src/io/checkpoints/onnx/graph/messages.js'
import { ownScales, signedRows, unsignedGrid } from '../../../../src/io/checkpoints/onnx/quantize.js'
import { readOnnx } from '../../../../src/io/checkpoints/onnx/readOnnx.js'
import { type Architecture, architecture } from '../../../../src/models/architecture/architecture.js'
import { forward, unflatten } from '../../../../src/models/forward/forward.js'
import { conv2d, flatten, linear, normalize, relu } from '../../../../src/models/layers/layers.js'
import { parametersOf } from '../../../../src/models/parameters/parameters.js'
import { selfDescribed } from '../../../../src/models/parameters/selfDescribed.js'
import { freshStatistics } from '../../../../src/models/parameters/statistics.js'
import { mnistNet } from '../../../../src/models/zoo/zoo.js'
import { calibrate } from '../../../../src/training/network/calibrate.js'
import { imagesOf } from '../../../../src/training/network/images.js'
import { Student } from '../../../../src/training/network/network.js'
import { aggregated, normalised, separable } from '../../../models/fixtures.js'
import { expectEvery } from '../../../support/expectEvery.js'
import { describeGolden, readPublicNetwork, readTestSplit } from '../../../support/golden.js'
import { relativeError, seededNumbers } from '../../../support/numbers.js'
import { channelsFirst, runOnnx } from '../../../support/onnxRuntime.js'
import { seededNetwork } from '../../../support/randomNetworks.js'
import { zooNetworks } from '../../../support/zooNetworks.js'
import { unwrap } from '../../results.js'

const noise = ({ input: shape, classes }: Architecture, count: number): Dataset => {
  const size = shape.height * shape.width * shape.channels
  const split: Split = {
    count,
    images: Uint8Array.from(seededNumbers(4, count * size), (value) => 127.5 * (value + 1)),
    labels: new Uint16Array(count),
  }
  return { name: 'noise', origin: 'synthetic', classes, shape, train: split, test: split }
}

interface Numbers {
  readonly weights: Float32Array
  readonly statistics: Float32Array
}

const quantised = (net: Architecture, { weights, statistics }: Numbers, data: Dataset): Uint8Array => {
  const { architecture, weights: folded, ranges } = calibrate({ architecture: net, weights, statistics }, data)
  const bytes = encodeInt8(architecture, folded, ranges)
  if (isLeft(bytes)) throw new Error(describeError(bytes.left))
  return bytes.right
}

/** Logits of a split's images: ours in float32, and onnxruntime's. */
const both = async (
  net: Architecture,
  numbers: Numbers,
  file: Uint8Array,
  images: Uint8Array,
  count: number,
  optimised?: 'disabled',
) => {
  const { height, width, channels } = net.input
  const pixels = Float32Array.from(images, (byte) => byte / 255)
  const student = new Student(net, numbers.weights, numbers.statistics)
  const ours = tf.tidy(() => student.logits(tf.tensor4d(pixels, [count, height, width, channels])).dataSync())
  student.dispose()
  const theirs = await runOnnx(file, channelsFirst(pixels, net.input), [count, channels, height, width], optimised)
  return { ours: Float32Array.from(ours), theirs: theirs.data }
}

/** ‖a − b‖ / ‖b − mean of b over the images‖: the error relative to the differences between images. */
const noiseRatio = (a: Float32Array, b: Float32Array, classes: number): number => {
  const mean = new Float64Array(classes)
  for (const [i, value] of b.entries()) mean[i % classes] = (mean[i % classes] ?? 0) + (value * classes) / b.length
  const squares = (of: (i: number) => number): number => b.reduce((sum, _, i) => sum + of(i) ** 2, 0)
  return Math.sqrt(squares((i) => (a[i] ?? 0) - (b[i] ?? 0)) / squares((i) => (b[i] ?? 0) - (mean[i % classes] ?? 0)))
}

/**
 * Seeded weights with batch normalisation that fits the images, as after training. With other statistics, all images would
 * have nearly the same logits.
 */
const settled = (net: Architecture, { train, shape }: Dataset): Numbers => {
  const { weights } = seededNetwork(net)
  for (const { role, offset, size } of parametersOf(net)) {
    if (role === 'scale') weights.fill(1, offset, offset + size)
    if (role === 'shift') weights.fill(0, offset, offset + size)
  }
  const moments = tf.tidy(() => {
    const images = imagesOf(
      train,
      shape,
      Uint32Array.from({ length: train.count }, (_, i) => i),
    )
    return forward(net, unflatten(net, tf.tensor1d(weights)), images).moments.flatMap(({ mean, variance }) => [
      ...mean.dataSync(),
      ...variance.dataSync(),
    ])
  })
  return { weights, statistics: Float32Array.from(moments) }
}

const accuracy = (logits: Float32Array, labels: Uint16Array): number => {
  const classes = logits.length / labels.length
  const right = labels.filter((label, i) => {
    const row = logits.subarray(i * classes, (i + 1) * classes)
    return row.indexOf(Math.max(...row)) === label
  })
  return right.length / labels.length
}

/** Without the largest, and without those so deep that with random weights rounding matters as much as the images. */
const { resnet34: _34, resnet50: _50, lenet: _large, ...zoo } = zooNetworks
const networks: Readonly<Record<string, Architecture>> = { ...zoo, normalised, separable, aggregated }

describe('a network in integers', () => {
  it.each(Object.keys(networks))('%s has nearly the same logits in onnxruntime', async (name) => {
    const net = networks[name] ?? normalised
    const data = noise(net, 24)
    const numbers = settled(net, data)
    const file = quantised(net, numbers, data)
    const { ours, theirs } = await both(net, numbers, file, data.test.images, data.test.count)
    expect(noiseRatio(theirs, ours, net.classes)).toBeLessThan(0.35)
    // The file has rounded numbers, not the float network.
    expect(noiseRatio(theirs, ours, net.classes)).toBeGreaterThan(1e-4)
  })

  it('handles pruned filters with a bias, and images that are normalised', async () => {
    const net = architecture('constant', { height: 5, width: 5, channels: 1 }, [
      normalize({ mean: [0.5], std: [0.25] }),
      conv2d('first', { out: 3, kernel: 3, padding: 1 }),
      relu(),
      flatten(),
      linear('head', { out: 2 }),
    ])
    const { weights, statistics } = seededNetwork(net)
    const [first] = parametersOf(net)
    for (let i = 0; i < (first?.size ?? 0); i += 3) weights[i] = 0
    const data = noise(net, 24)
    const file = quantised(net, { weights, statistics }, data)
    const { ours, theirs } = await both(net, { weights, statistics }, file, data.test.images, data.test.count)
    expect(noiseRatio(theirs, ours, net.classes)).toBeLessThan(0.05)
  })

  it('is about a quarter as large', () => {
    const { weights, statistics } = seededNetwork(mnistNet)
    const file = quantised(mnistNet, { weights, statistics }, noise(mnistNet, 8))
    const float = encodeOnnx(mnistNet, weights, statistics)
    expect(file.length / (isLeft(float) ? 0 : float.right.length)).toBeLessThan(0.27)
  })

  it('holds its weights as 8-bit integers with a scale for each output', () => {
    const { weights, statistics } = seededNetwork(mnistNet)
    const { graph } = decodeModel(quantised(mnistNet, { weights, statistics }, noise(mnistNet, 8)))
    const held = new Map(graph?.initializer.map(({ name, dims, dataType }) => [name, { dims, dataType }]))
    expect(held.get('5.weight/quantized')).toEqual({ dims: [100, 1568], dataType: dataTypes.int8 })
    expect(held.get('5.weight/scale')).toEqual({ dims: [100], dataType: dataTypes.float })
    expect(held.get('5.bias/quantized')).toEqual({ dims: [100], dataType: dataTypes.int32 })
    expect(held.get('input/rounded/scale')).toEqual({ dims: [], dataType: dataTypes.float })
  })

  it('is read back as what it is, with a warning', async () => {
    const numbers = seededNetwork(mnistNet)
    const data = noise(mnistNet, 8)
    const file = quantised(mnistNet, numbers, data)
    const checkpoint = unwrap(await readOnnx(file, 'n.onnx', 'test')())
    expect(checkpoint.warnings).toEqual([expect.stringMatching(/8-bit integers/)])
    const read = unwrap(selfDescribed('test', 'n.onnx', checkpoint))
    const ids = read.architecture.nodes.map(({ id }) => id)
    expect(ids.filter((id) => !id.endsWith('/rounded'))).toEqual(mnistNet.nodes.map(({ id }) => id))
    expect(ids.filter((id) => id.endsWith('/rounded'))).toEqual(
      ['input', 'relu-1', 'relu-3', 'flatten-4', 'relu-6'].map((id) => `${id}/rounded`),
    )
    // Each weight is within half a step of 1/127 of the largest of its output.
    const largest = numbers.weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0)
    expectEvery(
      [...read.weights.entries()],
      ([i, weight]) => Math.abs(weight - (numbers.weights[i] ?? Number.NaN)) <= largest / 254 + 1e-6,
    )
    const { ours, theirs } = await both(read.architecture, read, file, data.train.images, 8, 'disabled')
    const most = Math.max(...theirs.map(Math.abs))
    expectEvery([...ours.entries()], ([i, logit]) => Math.abs(logit - (theirs[i] ?? Number.NaN)) < 1e-5 * most)
  })

  it('is written again with the same integers and grids', async () => {
    const file = quantised(mnistNet, seededNetwork(mnistNet), noise(mnistNet, 8))
    const read = unwrap(selfDescribed('test', 'n.onnx', unwrap(await readOnnx(file, 'n.onnx', 'test')())))
    const again = quantised(read.architecture, read, noise(mnistNet, 3))
    const held = (bytes: Uint8Array) =>
      decodeModel(bytes).graph?.initializer.map(({ rawData }) => createHash('sha256').update(rawData).digest('hex'))
    expect(held(again)).toEqual(held(file))
    const float = encodeOnnx(read.architecture, read.weights, read.statistics)
    const { ours, theirs } = await both(
      read.architecture,
      read,
      unwrap(float),
      noise(mnistNet, 8).test.images,
      8,
      'disabled',
    )
    expect(relativeError(ours, theirs)).toBeLessThan(1e-5)
  })

  it('needs images to be calibrated on', () => {
    const { weights, statistics } = seededNetwork(mnistNet)
    const { architecture: net, weights: folded } = calibrate(
      { architecture: mnistNet, weights, statistics },
      noise(mnistNet, 1),
    )
    expect(encodeInt8(net, folded, new Map(), 'n.onnx')).toMatchObject({
      left: { _tag: 'FileError', file: 'n.onnx', expected: 'a range of "input"' },
    })
  })
})

describeGolden('the public MNIST networks in integers', () => {
  it.each(['mnist_fastat_pgd', 'mnist_fastat_fgsm', 'mnist_lenet5_clntrained'] as const)(
    '%s is as accurate as in float32',
    async (name) => {
      const { architecture: net, weights } = await readPublicNetwork(name)
      const numbers = { weights, statistics: freshStatistics(net) }
      const { images, labels } = readTestSplit(1000)
      const half = 500 * 28 * 28
      // Calibrated on other images than those of the accuracy.
      const train = { count: 500, images: images.subarray(0, half), labels: labels.subarray(0, 500) }
      const file = quantised(net, numbers, { ...noise(net, 1), train })
      const { ours, theirs } = await both(net, numbers, file, images.subarray(half), 500)
      const [float, integer] = [ours, theirs].map((logits) => accuracy(logits, labels.subarray(500)))
      expect(float).toBeGreaterThan(0.97)
      // One image in 500.
      expect(Math.abs(Number(integer) - Number(float))).toBeLessThanOrEqual(0.002)
      expect(noiseRatio(theirs, ours, net.classes)).toBeLessThan(0.03)
    },
  )
})

describe('grids', () => {
  const ends = fc.float({ min: -1000, max: 1000, noNaN: true })

  it('of activations contain 0 and are at most half a step from any number in the range', () => {
    fc.assert(
      fc.property(ends, ends, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, at) => {
        const { scale, zeroPoint } = unsignedGrid({ least: Math.min(a, b), most: Math.max(a, b) })
        const [low, high] = [Math.min(0, a, b), Math.max(0, a, b)]
        const value = low + at * (high - low)
        const q = Math.min(255, Math.max(0, Math.round(value / scale) + zeroPoint))
        // A byte.
        expect(Uint8Array.of(zeroPoint)[0]).toBe(zeroPoint)
        // At the ends, the rounding of the zero point adds another half.
        expect(Math.abs((q - zeroPoint) * scale - value)).toBeLessThanOrEqual(scale * 1.001)
      }),
      { seed: 2, numRuns: 300 },
    )
  })

  it('of weights reach the largest of each output', () => {
    const weights = Float32Array.of(1, -2, 0.5, 0, 0, 0)
    expect(signedRows(weights, ownScales(weights, Float32Array.of(0, 0.25)))).toEqual({
      values: Int8Array.of(64, -127, 32, 0, 0, 0),
      scales: Float32Array.of(2 / 127, 0.25),
    })
  })
})
