/** Networks as ONNX files: their logits in onnxruntime, and the networks that are read back. */
import fc from 'fast-check'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../../../src/dsl/errors.js'
import { tf } from '../../../../src/engine/tf.js'
import { encodeOnnx } from '../../../../src/io/checkpoints/onnx/encodeOnnx.js'
import { readOnnx } from '../../../../src/io/checkpoints/onnx/readOnnx.js'
import type { Checkpoint } from '../../../../src/io/checkpoints/tensors/checkpoint.js'
import { type Architecture, architecture } from '../../../../src/models/architecture/architecture.js'
import { describeArchitecture as textOf } from '../../../../src/models/architecture/description.js'
import { add, conv2d, flatten, linear, pad2d, relu } from '../../../../src/models/layers/layers.js'
import { standardize, unitNorm } from '../../../../src/models/layers/normalisations.js'
import { packNetwork } from '../../../../src/models/parameters/weights.js'
import { xcit } from '../../../../src/models/zoo/patches/xcit.js'
import { Student } from '../../../../src/training/network/network.js'
import {
  aggregated,
  covariance,
  normalised,
  pooledChannels,
  reshaped,
  separable,
  shortcut,
} from '../../../models/fixtures.js'
import { distance, seededNumbers } from '../../../support/numbers.js'
import { channelsFirst, runOnnx } from '../../../support/onnxRuntime.js'
import { randomNetwork, seededNetwork } from '../../../support/randomNetworks.js'
import { hashOf } from '../../../support/steps.js'
import { zooNetworks } from '../../../support/zooNetworks.js'

/** Relative to the largest logit. Both engines sum in float32, in different orders. */
const TOLERANCE = 1e-5

const EXAMPLES = 3

const networks: Readonly<Record<string, Architecture>> = {
  ...zooNetworks,
  normalised,
  separable,
  aggregated,
  covariance,
  reshaped,
  pooledChannels,
  // Opset 19, in which reductions take their axes as an input.
  wrapped: architecture('wrapped', { height: 4, width: 4, channels: 2 }, [
    standardize(),
    pad2d({ left: 1, right: 1, mode: 'circular' }),
    conv2d('conv', { out: 3, kernel: 3 }),
    unitNorm(),
    flatten(),
    linear('head', { out: 3 }),
  ]),
  cross: xcit({ width: 8, depth: 2, heads: 2, size: 32, patch: 4, classes: 10 }),
}

const ours = (net: Architecture, weights: Float32Array, statistics: Float32Array, pixels: Float32Array) => {
  const student = new Student(net, weights, statistics)
  const { height, width, channels } = net.input
  const logits = tf.tidy(() => student.logits(tf.tensor4d(pixels, [EXAMPLES, height, width, channels])).dataSync())
  student.dispose()
  return Float32Array.from(logits)
}

const encoded = (net: Architecture, weights: Float32Array, statistics: Float32Array): Uint8Array => {
  const bytes = encodeOnnx(net, weights, statistics)
  if (isLeft(bytes)) throw new Error(describeError(bytes.left))
  return bytes.right
}

const readBack = async (bytes: Uint8Array): Promise<Checkpoint> => {
  const read = await readOnnx(bytes, 'net.onnx', 'test')()
  if (isLeft(read)) throw new Error(describeError(read.left))
  return read.right
}

const agrees = async (net: Architecture): Promise<void> => {
  const { weights, statistics } = seededNetwork(net)
  const { height, width, channels } = net.input
  const pixels = seededNumbers(3, EXAMPLES * height * width * channels).map((value) => 0.5 + 0.5 * value)
  const theirs = await runOnnx(encoded(net, weights, statistics), channelsFirst(pixels, net.input), [
    EXAMPLES,
    channels,
    height,
    width,
  ])
  expect(theirs.dims).toEqual([EXAMPLES, net.classes])
  expect(distance(theirs.data, ours(net, weights, statistics, pixels))).toBeLessThan(TOLERANCE)
}

const roundTrips = async (net: Architecture): Promise<void> => {
  const { weights, statistics } = seededNetwork(net)
  const { tensors, metadata } = await readBack(encoded(net, weights, statistics))
  expect(JSON.parse(metadata.description ?? '')).toEqual(JSON.parse(textOf(net)))
  const packed = packNetwork('test', 'file', net, tensors)
  if (isLeft(packed)) throw new Error(describeError(packed.left))
  expect([packed.right.weights, packed.right.statistics].map(hashOf)).toEqual([weights, statistics].map(hashOf))
}

describe('an exported network', () => {
  it.each(Object.keys(networks))('%s has the same logits in onnxruntime', async (name) => {
    await agrees(networks[name] ?? normalised)
  })

  it.each(Object.keys(networks))('%s is read back bit for bit', async (name) => {
    await roundTrips(networks[name] ?? normalised)
  })

  it('has the same logits and is read back, for random networks', async () => {
    await fc.assert(
      fc.asyncProperty(randomNetwork, async (net) => {
        await agrees(net)
        await roundTrips(net)
      }),
      { seed: 7, numRuns: 25 },
    )
  })

  it('is refused if a flattened image meets features of another order', () => {
    const { weights, statistics } = seededNetwork(shortcut)
    const refused = encodeOnnx(shortcut, weights, statistics, 'net.onnx')
    expect(refused).toMatchObject({ left: { _tag: 'FileError', file: 'net.onnx' } })
    expect(isLeft(refused) && describeError(refused.left)).toContain('"both", which adds a flattened image')
    const ending = architecture('ending', { height: 4, width: 4, channels: 1 }, [
      conv2d('conv', { out: 2, kernel: 3 }),
      flatten(),
    ])
    const { weights: w, statistics: s } = seededNetwork(ending)
    expect(encodeOnnx(ending, w, s)).toMatchObject({ left: { actual: '"flatten-1", a flattened image, as logits' } })
  })

  it('may add flattened images of the same order', async () => {
    await agrees(
      architecture('twice', { height: 6, width: 6, channels: 1 }, [
        conv2d('a', { out: 2, kernel: 3 }),
        flatten({ id: 'flat' }),
        relu({ id: 'positive' }),
        add(['flat', 'positive', 'positive']),
        linear('head', { out: 3 }),
      ]),
    )
  })
})
