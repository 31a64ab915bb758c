/** Activation functions as PyTorch's exporter writes them for several opsets: scripts/golden_activations.py. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isLeft } from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { readCheckpoint } from '../../src/io/checkpoints/readCheckpoint.js'
import { selfDescribed } from '../../src/models/parameters/selfDescribed.js'
import { Student } from '../../src/training/network/network.js'
import { distance, seededNumbers } from '../support/numbers.js'

/** Relative to the largest logit; PyTorch's are in float64. */
const TOLERANCE = 1e-5

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const golden: {
  readonly rows: readonly { readonly function: unknown }[]
  readonly network: {
    readonly examples: number
    readonly channels: number
    readonly side: number
    readonly images: number
    readonly opsets: readonly number[]
    readonly logits: readonly (readonly number[])[]
  }
} = JSON.parse(readFileSync(pathOf('activations.json'), 'utf8'))
const { examples, channels, side, images, opsets, logits } = golden.network

it.each(opsets)('opset %i: the functions are recognised, and the logits are those of PyTorch', async (opset) => {
  const name = `activations-${opset}.onnx`
  const read = await readCheckpoint(pathOf(`onnx/${name}`))()
  if (isLeft(read)) throw new Error(describeError(read.left))
  const network = selfDescribed('test', name, read.right)
  if (isLeft(network)) throw new Error(describeError(network.left))
  const { architecture, weights, statistics } = network.right
  expect(architecture.nodes.flatMap(({ layer }) => (layer.type === 'activation' ? [layer.function] : []))).toEqual([
    ...golden.rows.map((row) => row.function),
    { type: 'gelu', approximate: 'none' },
    { type: 'silu' },
  ])
  const pixels = seededNumbers(images, examples * channels * side * side).map((value) => (value + 1) / 2)
  const student = new Student(architecture, weights, statistics)
  const found = tf.tidy(() => {
    const batch = tf.tensor4d(Float32Array.from(pixels), [examples, channels, side, side])
    return Float32Array.from(student.logits(tf.transpose(batch, [0, 2, 3, 1])).dataSync())
  })
  student.dispose()
  expect(distance(found, logits.flat())).toBeLessThan(TOLERANCE)
})
