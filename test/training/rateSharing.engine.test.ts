/** Rates that differ by layer: their budget, and the curvature that learned ones go by. */
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import type { Pattern } from '../../src/math/patterns.js'
import { forward, unflatten } from '../../src/models/forward.js'
import { parameterCount, parametersOf } from '../../src/models/parameters.js'
import { curvatureOf } from '../../src/training/curvature.js'
import { maskTask } from '../../src/training/maskTask.js'
import { TrainingMemory } from '../../src/training/memory.js'
import { Student } from '../../src/training/network.js'
import { maskOf } from '../../src/training/pruning.js'
import { type RateSharing, rateSharings } from '../../src/training/rateSharing.js'
import { tinyData, tinyNet } from '../support/context.js'
import { seededNumbers } from '../support/numbers.js'

const made = () => {
  const student = new Student(tinyNet, seededNumbers(3, parameterCount(tinyNet)))
  const { height, width, channels } = tinyNet.input
  const images = tf.tensor4d(
    seededNumbers(4, 8 * height * width * channels).map((value) => Math.abs(value) % 1),
    [8, height, width, channels],
  )
  return { student, images, memory: new TrainingMemory() }
}

const weights = parametersOf(tinyNet).filter(({ role }) => role === 'weight')
const prunable = weights.reduce((sum, { size }) => sum + size, 0)

const keptBy = (rates: RateSharing, rate: number, pattern: Pattern): readonly number[] => {
  const { student, images, memory } = made()
  const { taskOf, prepare } = maskTask('test', { pattern, rate, rates, exclude: [] })
  prepare(student, memory, images)
  const mask = maskOf(tinyNet, student.weights.dataSync<'float32'>(), taskOf(student, memory))
  const kept = weights.map(({ offset, size }) =>
    mask.subarray(offset, offset + size).reduce((sum, bit) => sum + bit, 0),
  )
  student.dispose()
  images.dispose()
  return kept
}

describe.each(rateSharings)('%s rates', (rates) => {
  it.each([
    ['irregular', 4],
    ['irregular', 16],
    ['filter', 1.5],
    ['column', 3],
  ] as const)('of pattern %s keep one part in %d, and something in every layer', (pattern, rate) => {
    const kept = keptBy(rates, rate, pattern)
    const total = kept.reduce((sum, own) => sum + own, 0)
    // No more than a group of each layer beyond the budget, and not much less than it.
    const group = weights.map(({ size, shape }) =>
      pattern === 'irregular' ? 1 : pattern === 'filter' ? size / (shape.at(-1) ?? 1) : (shape.at(-1) ?? 1),
    )
    const slack = group.reduce((sum, size) => sum + size, 0)
    expect(total).toBeLessThanOrEqual(prunable / rate + slack)
    expect(total).toBeGreaterThanOrEqual(prunable / rate - slack)
    for (const own of kept) expect(own).toBeGreaterThan(0)
  })
})

it('a rate that leaves no group in some layer is refused, with the largest that leaves one', () => {
  expect(() => keptBy('global', 600, 'irregular')).toThrow(/a rate of at most \d/)
})

it('curvature is what the squares of all logits’ gradients come to', () => {
  const { student, images } = made()
  const found = curvatureOf(student, images)
  const exact = new Float64Array(found.length)
  for (let example = 0; example < 8; example++)
    for (let label = 0; label < tinyData.classes; label++) {
      const gradient = tf.tidy(() =>
        tf.grad((flat) => {
          const { logits } = forward(tinyNet, unflatten(tinyNet, flat as never), tf.slice(images, example, 1))
          return tf.sum(tf.slice(logits, [0, label], [1, 1]))
        })(student.weights),
      )
      const values = gradient.dataSync<'float32'>()
      for (let i = 0; i < exact.length; i++) exact[i] = (exact[i] ?? 0) + (values[i] ?? 0) ** 2
      gradient.dispose()
    }
  // 16 probes: the estimate of one weight is wide, its sum over a layer is not.
  for (const { offset, size, node } of weights) {
    const sum = (all: Float64Array): number =>
      all.subarray(offset, offset + size).reduce((total, one) => total + one, 0)
    expect(Math.abs(sum(found) / sum(exact) - 1), node).toBeLessThan(0.25)
  }
  student.dispose()
  images.dispose()
})
