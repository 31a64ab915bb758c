/** A ViT with torchvision's names against PyTorch: scripts/golden_norms.py. */
import { readFileSync } from 'node:fs'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { countsOf } from '../../src/models/parameters/counts.js'
import { readNetwork } from '../../src/models/parameters/readNetwork.js'
import { vit } from '../../src/models/zoo/patches/vit.js'
import { Student } from '../../src/training/network/network.js'
import { distance, seededNumbers } from '../support/numbers.js'

const golden: {
  readonly examples: number
  readonly sizes: readonly [number, number, number]
  readonly released: {
    readonly tensors: readonly (readonly [string, readonly number[]])[]
    readonly use: readonly (readonly number[])[]
  }
} = JSON.parse(readFileSync(new URL('norms.json', import.meta.url), 'utf8'))

/** The tensors that the script seeds, by the names of torchvision. */
const state = new Map(
  golden.released.tensors.map(([name, shape], i) => {
    const size = shape.reduce((product, side) => product * side, 1)
    const isMatrix = shape.length > 1 && !/scale|token|pos/.test(name)
    const scale = Math.sqrt(3 / (size / (shape[0] ?? 1)))
    const data = seededNumbers(100 + i, size).map((value) =>
      isMatrix ? value * scale : name.endsWith('weight') ? 1 + value / 2 : value * 0.125,
    )
    return [name, { shape, data }]
  }),
)

it('a state dict with torchvision’s names has PyTorch’s logits', () => {
  const small = vit({ size: 6, patch: 3, depth: 1, width: 8, heads: 2, hidden: 6, classes: 3 })
  const read = readNetwork('test', 'vit', small, state)
  if (isLeft(read)) throw new Error(describeError(read.left))
  const { architecture, weights, statistics } = read.right
  const [channels, height, width] = golden.sizes
  const pixels = seededNumbers(1000, golden.examples * channels * height * width).map((value) => (value + 1) / 2)
  const student = new Student(architecture, weights, statistics)
  const logits = tf.tidy(() => {
    const images: Tensor4D = tf.transpose(tf.tensor4d(pixels, [golden.examples, channels, height, width]), [0, 2, 3, 1])
    return student.logits(images).dataSync()
  })
  student.dispose()
  expect(distance(logits, golden.released.use.flat())).toBeLessThan(1e-5)
})

it('vit() is ViT-B/16, by the names of both releases', () => {
  expect(countsOf(vit()).parameters).toBe(86_567_656)
  expect(countsOf(vit({ release: 'timm' })).parameters).toBe(86_567_656)
})
