/** Convolutions of every kind as PyTorch's exporter writes them: scripts/golden_convolutions.py. */
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

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const golden: {
  readonly sizes: readonly [number, number, number]
  readonly examples: number
  readonly files: Readonly<Record<string, readonly number[]>>
} = JSON.parse(readFileSync(pathOf('convolutions.json'), 'utf8'))

it.each(Object.entries(golden.files))('%s has the logits of PyTorch', async (name, logits) => {
  const read = await readCheckpoint(pathOf(`onnx/${name}`))()
  if (isLeft(read)) throw new Error(describeError(read.left))
  const network = selfDescribed('test', name, read.right)
  if (isLeft(network)) throw new Error(describeError(network.left))
  const { architecture, weights, statistics } = network.right
  const [channels, height, width] = golden.sizes
  const pixels = seededNumbers(1, golden.examples * channels * height * width).map((value) => (value + 1) / 2)
  const student = new Student(architecture, weights, statistics)
  const found = tf.tidy(() => {
    const batch = tf.tensor4d(pixels, [golden.examples, channels, height, width])
    return Float32Array.from(student.logits(tf.transpose(batch, [0, 2, 3, 1])).dataSync())
  })
  student.dispose()
  expect(distance(found, logits)).toBeLessThan(1e-5)
})
