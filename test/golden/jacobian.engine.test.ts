/** Matched slopes against PyTorch, which differentiates twice: scripts/golden_jacobian.py. */
import { readFileSync } from 'node:fs'
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { isLeft } from 'fp-ts/lib/Either.js'
import { expect, it, onTestFinished } from 'vitest'
import { describeError } from '../../src/dsl/errors.js'
import { tf } from '../../src/engine/tf.js'
import { slopeLoss } from '../../src/math/jacobian.js'
import { architecture } from '../../src/models/architecture/architecture.js'
import { weightGradients } from '../../src/models/compiled/training/weightGradient.js'
import { conv2d, flatten, linear, relu } from '../../src/models/layers/layers.js'
import { packNetwork, unpackWeights } from '../../src/models/parameters/weights.js'
import { Student } from '../../src/training/network/network.js'
import { disagreement } from '../../src/training/views/disagreement.js'
import { tinyData } from '../support/context.js'
import { seededNumbers } from '../support/numbers.js'
import { seededState } from '../support/torchValues.js'

interface Golden {
  readonly settings: {
    readonly examples: number
    readonly images: number
    readonly signs: number
    readonly teacher: number
    readonly epsilon: number
    readonly step: number
    readonly margin: number
    readonly tensors: readonly (readonly [string, readonly number[]])[]
  }
  readonly loss: number
  readonly gradients: Readonly<Record<string, readonly number[]>>
}

const golden: Golden = JSON.parse(readFileSync(new URL('jacobian.json', import.meta.url), 'utf8'))
const { examples, images, signs, teacher: teacherSeed, epsilon, step, margin, tensors } = golden.settings
const { classes, shape } = tinyData

const network = architecture('piecewise linear', shape, [
  conv2d('conv', { out: 3, kernel: 3, stride: 2, padding: 1 }),
  relu(),
  flatten(),
  linear('fc1', { out: 5 }),
  relu(),
  linear('fc2', { out: classes }),
])

/** A slope is a difference of float32 logits of about 1 over a step of 0.01: a few times 1e-7 / 0.01. */
const TOLERANCE = 1e-4

const seeded = (seed: number): Student => {
  const packed = packNetwork('test', 'seeded', network, seededState(tensors, seed))
  if (isLeft(packed)) throw new Error(describeError(packed.left))
  const { weights, statistics } = packed.right
  const student = new Student(network, weights, statistics)
  onTestFinished(() => student.dispose())
  return student
}

const expectClose = (found: ArrayLike<number>, expected: readonly number[], scale: number): void => {
  expect(found.length).toBe(expected.length)
  const gap = Math.max(...expected.map((value, i) => Math.abs(Number(found[i]) - value)))
  expect(gap / scale).toBeLessThan(TOLERANCE)
}

it('finite differences give the loss and the gradients of a double backward pass', () => {
  expect(margin, 'no ReLU changes sides between the two images').toBeGreaterThan(0)
  const [student, teacher] = [seeded(0), seeded(teacherSeed)]
  const combination = seededNumbers(signs, examples * classes).map((value) => (value < 0 ? -1 : 1))
  const pixels = seededNumbers(images, examples * 64).map((value) => Math.floor((value + 1) * 128) / 255)
  tf.tidy(() => {
    const x = tf.tensor4d(pixels, [examples, shape.height, shape.width, shape.channels])
    const direction = disagreement(student, teacher, x, combination)
    const both = tf.concat([x, tf.add(x, tf.mul(direction, step))]) as Tensor4D
    const wanted = teacher.logits(both).dataSync<'float32'>()
    const losses: number[] = []
    const [gradient] = weightGradients(
      [{ architecture: network, weights: student.weights, images: [both] }],
      ([pass]) => {
        if (!pass) throw new Error('no pass')
        const loss = slopeLoss(pass.logits, { combination, wanted, step, scale: epsilon })
        losses.push(...loss.dataSync())
        return loss
      },
    )
    expectClose(losses, [golden.loss], golden.loss)
    const found = unpackWeights(network, Float32Array.from(gradient?.dataSync() ?? []))
    const scale = Math.max(...Object.values(golden.gradients).flat().map(Math.abs))
    for (const [name, expected] of Object.entries(golden.gradients))
      expectClose(found.get(name)?.data ?? [], expected, scale)
  })
})
