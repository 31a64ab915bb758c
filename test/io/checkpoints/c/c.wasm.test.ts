/** Networks as C, compiled and run: float32 beside the engine, integers beside our own arithmetic. */
import fc from 'fast-check'
import { type Either, isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { describeError, type PwoaError } from '../../../../src/dsl/errors.js'
import { tf } from '../../../../src/engine/tf.js'
import type { CFiles } from '../../../../src/io/checkpoints/c/cFile.js'
import { lowered } from '../../../../src/io/checkpoints/c/lower.js'
import { type IntegerProgram, quantised } from '../../../../src/io/checkpoints/c/quantised.js'
import { integerLogits } from '../../../../src/io/checkpoints/c/reference.js'
import { type Architecture, architecture } from '../../../../src/models/architecture/architecture.js'
import { folded } from '../../../../src/models/forward/folded.js'
import type { Layer } from '../../../../src/models/layers/layer.js'
import {
  add,
  avgPool2d,
  conv2d,
  flatten,
  linear,
  maxPool2d,
  normalize,
  pad2d,
  relu,
} from '../../../../src/models/layers/layers.js'
import { parametersOf } from '../../../../src/models/parameters/parameters.js'
import { zoo } from '../../../../src/models/zoo/zoo.js'
import { calibrate } from '../../../../src/training/network/calibrate.js'
import { cFiles, integerCFiles } from '../../../../src/training/network/cFiles.js'
import { Student } from '../../../../src/training/network/network.js'
import { inLong, longer } from '../../../support/longer.js'
import { cortexM, gcc, needing } from '../../../support/needs.js'
import { seededNumbers } from '../../../support/numbers.js'
import { randomNetwork, seededNetwork } from '../../../support/randomNetworks.js'
import { type Code, flashOnCortex, runChecked, runOnCortex } from './compiled.js'

const IMAGES = 4

const WITH_CODE: readonly Layer['type'][] = [
  ...(['normalize', 'conv2d', 'batchNorm2d', 'affine2d', 'linear', 'relu', 'activation', 'maxPool2d'] as const),
  ...(['avgPool2d', 'pad2d', 'flatten', 'add', 'scale'] as const),
]

const hasCode = ({ nodes }: Architecture): boolean =>
  nodes.every(({ layer }) => WITH_CODE.includes(layer.type) && !(layer.type === 'pad2d' && layer.mode !== undefined))

const noise = ({ input: shape, classes }: Architecture, seed = 4): Dataset => {
  const size = shape.height * shape.width * shape.channels
  const split = {
    count: IMAGES,
    images: Uint8Array.from(seededNumbers(seed, IMAGES * size), (value) => 127.5 * (value + 1)),
    labels: new Uint16Array(IMAGES),
  }
  return { name: 'noise', origin: 'synthetic', classes, shape, train: split, test: split }
}

/** What networks of zoos don't have: windows and strides of two numbers, dilation, a wide gap between kept weights. */
const unusual = architecture('unusual', { height: 7, width: 9, channels: 2 }, [
  normalize({ mean: [0.4, 0.5], std: [0.25, 0.2] }),
  pad2d({ top: 1, left: 2, right: 1, value: 0.5 }),
  conv2d('dilated', { out: 12, kernel: [3, 2], stride: [1, 2], padding: [2, 1], dilation: [2, 1] }),
  relu({ id: 'a' }),
  conv2d('grouped', { out: 12, kernel: 3, padding: 1, groups: 3, inputs: ['a'] }),
  add(['a', 'grouped', 'a'], { id: 'sum' }),
  maxPool2d({ kernel: 3, stride: 2, padding: 1, ceilMode: true }),
  avgPool2d({ kernel: [2, 3], stride: 2, padding: [1, 1], countIncludePad: false, ceilMode: true }),
  flatten(),
  linear('wide', { out: 5 }),
  relu(),
])

/** Weights, a share of them zeros. */
const pruned = (net: Architecture, seed: number, share: number) => {
  const { weights, statistics } = seededNetwork(net, seed)
  const dice = seededNumbers(seed + 7, weights.length)
  for (const { role, offset, size } of parametersOf(net))
    if (role === 'weight')
      for (let i = offset; i < offset + size; i++) if (((dice[i] ?? 0) + 1) / 2 < share) weights[i] = 0
  return { architecture: net, weights, statistics }
}

const valueOf = (files: Either<PwoaError, CFiles>): CFiles => {
  if (isLeft(files)) throw new Error(describeError(files.left))
  return files.right
}

const networks = [...fc.sample(randomNetwork.filter(hasCode), { numRuns: longer(8, 24), seed: 28 }), unusual].map(
  (net, i) => pruned(net, i + 1, [0, 0.8, 0.97][i % 3] ?? 0),
)

const cases = networks.map((network) => ({ network, data: noise(network.architecture) }))

/** Logits of the engine. */
const floatLogits = ({ network, data }: (typeof cases)[number]): Float32Array => {
  const { height, width, channels } = network.architecture.input
  const student = new Student(network.architecture, network.weights, network.statistics)
  const logits = tf.tidy(() => {
    const pixels = Float32Array.from(data.test.images, (byte) => byte / 255)
    return student.logits(tf.tensor4d(pixels, [IMAGES, height, width, channels])).dataSync<'float32'>()
  })
  student.dispose()
  return logits
}

const integersOf = ({ network, data }: (typeof cases)[number]) => {
  const calibrated = calibrate(network, data)
  return { calibrated, program: quantised(lowered(calibrated.architecture, calibrated.weights), calibrated.ranges) }
}

/** Integer logits of all images. */
const integerLogitsOf = (program: IntegerProgram, images: Uint8Array): readonly number[] => {
  const size = images.length / IMAGES
  return Array.from({ length: IMAGES }, (_, n) => [
    ...integerLogits(program, images.subarray(n * size, (n + 1) * size)),
  ]).flat()
}

it('has integer logits near those in float32', () => {
  const errors = cases.map((each) => {
    const { program } = integersOf(each)
    const ours = floatLogits(each)
    const most = Math.max(...ours.map(Math.abs))
    const theirs = integerLogitsOf(program, each.data.test.images)
    return Math.max(...theirs.map((value, k) => Math.abs(value * program.unit - (ours[k] ?? NaN)))) / most
  })
  expect(Math.max(...errors)).toBeLessThan(0.1)
})

it('holds a residual network for CIFAR in 128 kB of flash and 16 kB of RAM, with all of its weights', () => {
  const whole = pruned(zoo.resnet2b, 5, 0)
  const data = noise(zoo.resnet2b)
  const { figures } = valueOf(integerCFiles('net.int8.c', calibrate(whole, data), data))
  expect(figures.kept).toBe(figures.operations)
  expect(figures.flash).toBeLessThanOrEqual(128 * 1024)
  expect(figures.ram).toBeLessThanOrEqual(16 * 1024)
})

/** The code of all networks in integers, images for them, and what it has to print. */
const integerCases = () => {
  const programs = cases.map(integersOf)
  const codes = cases.map(({ data }, i): Code => {
    const calibrated = programs[i]?.calibrated
    if (!calibrated) throw new Error(`no network ${i}`)
    return {
      name: `net${i}.int8`,
      prefix: `net${i}_int8`,
      ...valueOf(integerCFiles(`net${i}.int8.c`, calibrated, data)),
    }
  })
  // Bytes at the ends of their range, too: other images than those of the calibration.
  const others = cases.map(({ network }) =>
    noise(network.architecture, 9).test.images.map((byte) => (byte < 40 ? 0 : byte > 200 ? 255 : byte)),
  )
  const expected = others.flatMap((images, i) => {
    const program = programs[i]?.program
    return ['0 0', ...(program ? integerLogitsOf(program, images).map(String) : [])]
  })
  return { codes, images: Buffer.concat(others), expected }
}

describe('C code', needing(gcc), () => {
  it('computes what the engine does in float32', () => {
    const codes = cases.map(({ network, data }, i): Code => {
      const name = `net${i}`
      return { name, prefix: name, ...valueOf(cFiles(`${name}.c`, folded(network), data)) }
    })
    const pixels = cases.map(({ data }) => Float32Array.from(data.test.images, (byte) => byte / 255))
    const printed = runChecked(codes, IMAGES, Buffer.concat(pixels.map(({ buffer }) => Buffer.from(buffer))))
    let line = 0
    for (const [i, each] of cases.entries()) {
      const ours = floatLogits(each)
      expect(printed[line++], `self-test of ${i}`).toBe('0 0')
      const most = Math.max(1, ...ours.map(Math.abs))
      const theirs = printed.slice(line, line + ours.length).map(Number)
      line += ours.length
      expect(Math.max(...theirs.map((value, k) => Math.abs(value - (ours[k] ?? NaN)))) / most).toBeLessThan(1e-5)
    }
    expect(line).toBe(printed.length)
  })

  it('computes in integers what our own arithmetic does, bit for bit', () => {
    const { codes, images, expected } = integerCases()
    const printed = runChecked(codes, IMAGES, images)
    expect(printed).toEqual(expected)
  })
})

describe('C code on a Cortex-M4', needing(inLong, cortexM), () => {
  it('computes the same integers', () => {
    const { codes, images, expected } = integerCases()
    expect(runOnCortex(codes, IMAGES, images)).toEqual(expected)
  })

  it('takes no more flash than its figures say', () => {
    for (const [i, each] of cases.entries()) {
      const { calibrated } = integersOf(each)
      for (const [name, prefix, files] of [
        [`net${i}`, `net${i}`, valueOf(cFiles(`net${i}.c`, folded(each.network), each.data))],
        [`net${i}.int8`, `net${i}_int8`, valueOf(integerCFiles(`net${i}.int8.c`, calibrated, each.data))],
      ] as const) {
        const taken = flashOnCortex({ name, prefix, ...files })
        expect(Math.max(...taken), name).toBeLessThanOrEqual(files.figures.flash)
      }
    }
  })
})
