/** Networks that PyTorch's own exporter wrote as ONNX, against PyTorch: scripts/golden_onnx.py. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { encodeOnnx } from '../../src/io/checkpoints/onnx/encodeOnnx.js'
import { readCheckpoint } from '../../src/io/checkpoints/readCheckpoint.js'
import type { Architecture } from '../../src/models/architecture/architecture.js'
import { type MaskedNetwork, selfDescribed } from '../../src/models/parameters/selfDescribed.js'
import { Student } from '../../src/training/network/network.js'
import { distance, seededNumbers } from '../support/numbers.js'
import { channelsFirst, runOnnx } from '../support/onnxRuntime.js'

/** Relative to the largest logit; PyTorch's are in float64. */
const TOLERANCE = 1e-5

const path = (name: string): string => fileURLToPath(new URL(`onnx/${name}`, import.meta.url))

const golden = JSON.parse(readFileSync(path('logits.json'), 'utf8')) as {
  readonly images: number
  readonly examples: number
  readonly logits: Readonly<Record<string, readonly (readonly number[])[]>>
}

const networkOf = async (name: string): Promise<MaskedNetwork> => {
  const read = await readCheckpoint(path(name))()
  if (isLeft(read)) throw new Error(describeError(read.left))
  const network = selfDescribed('test', name, read.right)
  if (isLeft(network)) throw new Error(describeError(network.left))
  return network.right
}

/** In PyTorch's order: images × channels × rows × columns. */
const pixelsOf = ({ input: { height, width, channels } }: Architecture): Float32Array =>
  seededNumbers(golden.images, golden.examples * height * width * channels).map((value) => (value + 1) / 2)

/** In the engine's order. */
const channelsLast = (pixels: Float32Array, { height, width, channels }: Architecture['input']): Float32Array =>
  tf.tidy(() =>
    Float32Array.from(
      tf.transpose(tf.tensor4d(pixels, [golden.examples, channels, height, width]), [0, 2, 3, 1]).dataSync(),
    ),
  )

const logitsOf = ({ architecture, weights, statistics }: MaskedNetwork): Float32Array => {
  const { height, width, channels } = architecture.input
  const images = channelsLast(pixelsOf(architecture), architecture.input)
  const student = new Student(architecture, weights, statistics)
  const logits = tf.tidy(() =>
    student.logits(tf.tensor4d(images, [golden.examples, height, width, channels])).dataSync(),
  )
  student.dispose()
  return Float32Array.from(logits)
}

const names = Object.keys(golden.logits)

describe('a network that PyTorch exported', () => {
  it.each(names)('%s gives PyTorch’s logits', async (name) => {
    const expected = golden.logits[name]?.flat() ?? []
    expect(expected.length).toBeGreaterThan(0)
    expect(distance(logitsOf(await networkOf(name)), expected)).toBeLessThan(TOLERANCE)
  })

  it.each(names)('%s is exported again and gives the same logits in onnxruntime', async (name) => {
    const { architecture, weights, statistics } = await networkOf(name)
    const { height, width, channels } = architecture.input
    const bytes = encodeOnnx(architecture, weights, statistics)
    if (isLeft(bytes)) throw new Error(describeError(bytes.left))
    const images = channelsFirst(channelsLast(pixelsOf(architecture), architecture.input), architecture.input)
    const { data } = await runOnnx(bytes.right, images, [golden.examples, channels, height, width])
    expect(distance(data, golden.logits[name]?.flat() ?? [])).toBeLessThan(TOLERANCE)
  })

  it('keeps its modules’ names, and batch normalisation if the file has it', async () => {
    const layersOf = async (name: string) =>
      (await networkOf(name)).architecture.nodes.flatMap(({ layer }) =>
        'name' in layer && layer.type !== 'affine2d' ? [`${layer.type} ${layer.name}`] : [],
      )
    const linear = ['linear fc1', 'linear fc2', 'linear classifier']
    expect(await layersOf('folded.onnx')).toEqual([
      'conv2d stem',
      'conv2d block.conv1',
      'conv2d block.conv2',
      'conv2d block.shortcut.0',
      ...linear,
    ])
    expect(await layersOf('kept.onnx')).toEqual([
      'conv2d stem',
      'conv2d block.conv1',
      'batchNorm2d block.bn1',
      'conv2d block.conv2',
      'batchNorm2d block.bn2',
      'conv2d block.shortcut.0',
      'batchNorm2d block.shortcut.1',
      ...linear,
    ])
  })
})
