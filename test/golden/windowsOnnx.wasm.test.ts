/** Padding and pooling as PyTorch's exporter writes them: scripts/golden_windows.py. */
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
  readonly examples: number
  readonly opsets: readonly number[]
  readonly files: readonly {
    readonly name: string
    readonly sizes: readonly [number, number, number]
    readonly logits: readonly (readonly number[])[]
  }[]
} = JSON.parse(readFileSync(pathOf('windows.json'), 'utf8'))

const cases = golden.files.flatMap((file) =>
  golden.opsets.map((opset) => [`${file.name}-${opset}.onnx`, file] as const),
)

it.each(cases)('%s has the logits of PyTorch, and folds the padding that a layer can add', async (name, file) => {
  const read = await readCheckpoint(pathOf(`onnx/${name}`))()
  if (isLeft(read)) throw new Error(describeError(read.left))
  const network = selfDescribed('test', name, read.right)
  if (isLeft(network)) throw new Error(describeError(network.left))
  const { architecture, weights, statistics } = network.right
  const padded = architecture.nodes.filter(({ layer }) => layer.type === 'pad2d')
  expect(padded).toHaveLength(file.name === 'windows' ? 3 : 0)
  const [channels, height, width] = file.sizes
  const pixels = seededNumbers(1000, golden.examples * channels * height * width).map((value) => (value + 1) / 2)
  const student = new Student(architecture, weights, statistics)
  const found = tf.tidy(() => {
    const batch = tf.tensor4d(pixels, [golden.examples, channels, height, width])
    return Float32Array.from(student.logits(tf.transpose(batch, [0, 2, 3, 1])).dataSync())
  })
  student.dispose()
  expect(distance(found, file.logits.flat())).toBeLessThan(TOLERANCE)
})
