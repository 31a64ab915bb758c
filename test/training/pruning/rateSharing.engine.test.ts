/** Rates that differ by layer: their budget, the rule of each sharing, and the curvature that learned ones go by. */

import type { Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import type { Pattern } from '../../../src/math/patterns.js'
import { type Architecture, architecture } from '../../../src/models/architecture/architecture.js'
import { forward, unflatten } from '../../../src/models/forward/forward.js'
import { conv2d, flatten, linear } from '../../../src/models/layers/layers.js'
import { type Parameter, parameterCount, parametersOf } from '../../../src/models/parameters/parameters.js'
import { Student } from '../../../src/training/network/network.js'
import { curvatureOf } from '../../../src/training/pruning/curvature.js'
import { maskTask } from '../../../src/training/pruning/maskTask.js'
import { maskOf } from '../../../src/training/pruning/pruning.js'
import { type RateSharing, rateSharings } from '../../../src/training/pruning/rateSharing.js'
import type { Excluded } from '../../../src/training/pruning/rates.js'
import { TrainingMemory } from '../../../src/training/step/memory.js'
import { normalisedNet, tinyData, tinyNet } from '../../support/context.js'
import { nonEmpty } from '../../support/expectEvery.js'
import { seededNumbers } from '../../support/numbers.js'
import { weightsOf } from '../../support/steps.js'

const made = (network: Architecture = tinyNet, values = seededNumbers(3, parameterCount(network)), examples = 8) => {
  const student = new Student(network, values)
  const { height, width, channels } = network.input
  const images = tf.tensor4d(
    seededNumbers(4, examples * height * width * channels).map((value) => Math.abs(value) % 1),
    [examples, height, width, channels],
  )
  return { student, images, memory: new TrainingMemory() }
}

const weightsIn = (network: Architecture): readonly Parameter[] =>
  parametersOf(network).filter(({ role }) => role === 'weight')

const weights = weightsIn(tinyNet)
const prunable = weights.reduce((sum, { size }) => sum + size, 0)

/** The weights that each layer keeps. */
const keptOf = (
  { student, images, memory }: ReturnType<typeof made>,
  rates: RateSharing,
  rate: number,
  pattern: Pattern,
  exclude: Excluded = [],
): readonly number[] => {
  const { taskOf, prepare } = maskTask('test', { pattern, rate, rates, exclude })
  prepare(student, memory, images)
  const mask = maskOf(student.architecture, student.weights.dataSync<'float32'>(), taskOf(student, memory))
  const kept = weightsIn(student.architecture).map(({ offset, size }) =>
    mask.subarray(offset, offset + size).reduce((sum, bit) => sum + bit, 0),
  )
  student.dispose()
  images.dispose()
  return kept
}

const keptBy = (rates: RateSharing, rate: number, pattern: Pattern): readonly number[] =>
  keptOf(made(), rates, rate, pattern)

/** As large as PyTorch would begin with, so that the layers differ: by 1/√(inputs of an output). */
const spread = (network: Architecture): Float32Array => {
  const values = seededNumbers(3, parameterCount(network))
  for (const { offset, size, torchShape } of weightsIn(network)) {
    const inputs = torchShape.slice(1).reduce((product, side) => product * side, 1)
    for (let i = offset; i < offset + size; i++) values[i] = (values[i] ?? 0) / Math.sqrt(inputs)
  }
  return values
}

/** Squares of the gradients of all logits of all images, one after the other. */
const exactCurvature = ({ architecture, weights: flat }: Student, images: Tensor4D, classes: number): Float64Array => {
  const squares = new Float64Array(flat.size)
  for (let example = 0; example < images.shape[0]; example++)
    for (let label = 0; label < classes; label++) {
      const gradient = tf.tidy(() =>
        tf.grad((vector) => {
          const parameters = unflatten(architecture, vector as never)
          const { logits } = forward(architecture, parameters, tf.slice(images, example, 1))
          return tf.sum(tf.slice(logits, [0, label], [1, 1]))
        })(flat),
      )
      for (const [i, value] of gradient.dataSync<'float32'>().entries()) squares[i] = (squares[i] ?? 0) + value ** 2
      gradient.dispose()
    }
  return squares
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
    for (const own of nonEmpty(kept)) expect(own).toBeGreaterThan(0)
  })
})

describe('a rate that one layer could not have for itself', () => {
  const smallest = Math.min(...weights.map(({ size }) => size))
  const rate = smallest + 0.5

  it('is refused if it is the same for each, with the largest that leaves a weight', () => {
    expect(() => keptBy('uniform', rate, 'irregular')).toThrow(`a rate of at most ${smallest} for `)
  })

  it.each(['erk', 'global', 'learned'] as const)('is shared by %s rates', (rates) => {
    const kept = keptBy(rates, rate, 'irregular')
    expect(Math.min(...kept)).toBeGreaterThanOrEqual(1)
    expect(kept.reduce((sum, own) => sum + own, 0)).toBeLessThanOrEqual(prunable / rate + weights.length)
  })

  it.each(['erk', 'global', 'learned'] as const)(
    'is refused by %s rates where a weight a layer is too much',
    (rates) => {
      const most = (prunable / weights.length).toFixed(1)
      expect(() => keptBy(rates, prunable / weights.length + 1, 'irregular')).toThrow(
        `a rate of at most ${most}, which leaves one group in each layer`,
      )
    },
  )
})

it('curvature is the sum of the squared gradients of all logits', () => {
  const { student, images } = made()
  const found = curvatureOf(student, images)
  const exact = exactCurvature(student, images, tinyData.classes)
  // 16 probes: the estimate of one weight is wide, its sum over a layer is not.
  for (const { offset, size, node } of nonEmpty(weights)) {
    const sum = (all: Float64Array): number =>
      all.subarray(offset, offset + size).reduce((total, one) => total + one, 0)
    expect(Math.abs(sum(found) / sum(exact) - 1), node).toBeLessThan(0.25)
  }
  student.dispose()
  images.dispose()
})

it('each sharing keeps another part of some layer, by a twentieth of it and more', () => {
  const shares = new Map(
    rateSharings.map((rates) => [
      rates,
      keptOf(made(tinyNet, spread(tinyNet)), rates, 4, 'irregular').map((kept, i) => kept / (weights[i]?.size ?? 0)),
    ]),
  )
  expect(shares.get('uniform')).toEqual([1 / 4, 1 / 4, 1 / 4])
  for (const [a, ofA] of shares)
    for (const [b, ofB] of shares)
      if (a !== b)
        expect(Math.max(...ofA.map((share, i) => Math.abs(share - (ofB[i] ?? 0)))), `${a}, ${b}`).toBeGreaterThan(0.05)
})

describe('erk', () => {
  const densities = (rate: number): readonly number[] => {
    const { student, images, memory } = made()
    const { taskOf, prepare } = maskTask('test', { pattern: 'irregular', rate, rates: 'erk', exclude: [] })
    prepare(student, memory, images)
    const found = taskOf(student, memory).rates.map((layer) => 1 / layer.rate)
    student.dispose()
    images.dispose()
    return found
  }
  /** Σ d / Π d of PyTorch's dimensions. */
  const [ofConv, ofFc1, ofFc2] = [(4 + 1 + 4 + 4) / 64, (12 + 64) / 768, (3 + 12) / 36]

  it('has densities proportional to Σ d / Π d', () => {
    const [conv = 0, fc1 = 0, fc2 = 0] = densities(4)
    expect(fc2).toBeLessThan(1)
    expect(conv / fc1 / (ofConv / ofFc1)).toBeCloseTo(1, 10)
    expect(fc2 / fc1 / (ofFc2 / ofFc1)).toBeCloseTo(1, 10)
    expect(64 * conv + 768 * fc1 + 36 * fc2).toBeCloseTo(prunable / 4, 8)
  })

  it('leaves a layer whole that would be more than whole, and the others share the rest as before', () => {
    const [conv = 0, fc1 = 0, fc2 = 0] = densities(2)
    expect(fc2).toBe(1)
    expect(conv / fc1 / (ofConv / ofFc1)).toBeCloseTo(1, 10)
    expect(64 * conv + 768 * fc1 + 36).toBeCloseTo(prunable / 2, 8)
  })
})

/**
 * One logit: of one image, a random sign of it has the gradient itself, so that the estimated curvature is exact. Without
 * ReLUs, as units that are off would tie at 0.
 */
const oneLogit = architecture('one logit', tinyData.shape, [
  conv2d('conv', { out: 4, kernel: 4, stride: 2, padding: 1 }),
  flatten(),
  linear('fc1', { out: 12 }),
  linear('fc2', { out: 6 }),
  linear('fc3', { out: 1 }),
])

/** All but the last, whose one filter could not be pruned. */
const competing = weightsIn(oneLogit).slice(0, -1)

/** The group of the weight at a place of a layer whose last dimension is its outputs. */
const groupAt = {
  irregular: (place: number) => place,
  filter: (place: number, outputs: number) => place % outputs,
  column: (place: number, outputs: number) => Math.floor(place / outputs),
} as const

/** Of all groups of all layers, as many of the largest mean worth as fit the budget; one of each layer at least. */
const keptByWorth = (worth: Float64Array, pattern: keyof typeof groupAt, budget: number): readonly number[] => {
  const groups = competing.flatMap(({ offset, size, shape }, layer) => {
    const members = new Map<number, number[]>()
    for (let place = 0; place < size; place++) {
      const group = groupAt[pattern](place, shape.at(-1) ?? 1)
      members.set(group, [...(members.get(group) ?? []), worth[offset + place] ?? 0])
    }
    return [...members.values()].map((all) => ({
      layer,
      weights: all.length,
      mean: all.reduce((sum, one) => sum + one, 0) / all.length,
    }))
  })
  const sorted = groups.toSorted((a, b) => b.mean - a.mean)
  const keptOfFirst = (count: number): readonly number[] =>
    competing.map((_, layer) => {
      const own = sorted.slice(0, count).filter((group) => group.layer === layer).length
      return Math.max(1, own) * (groups.find((group) => group.layer === layer)?.weights ?? 0)
    })
  for (let count = groups.length; count > 0; count--) {
    const kept = keptOfFirst(count)
    if (kept.reduce((sum, own) => sum + own, 0) <= budget) return kept
  }
  return []
}

describe.each([
  ['irregular', 4],
  ['irregular', 16],
  ['filter', 2],
  ['column', 3],
] as const)('of pattern %s at rate %d', (pattern, rate) => {
  const budget = competing.reduce((sum, { size }) => sum + size, 0) / rate
  const begun = () => made(oneLogit, spread(oneLogit), 1)
  const kept = (rates: RateSharing): readonly number[] =>
    keptOf(begun(), rates, rate, pattern, 'last').slice(0, competing.length)
  /** The importance of each weight, by its value and its curvature. */
  const expected = (worth: (value: number, curvature: number) => number): readonly number[] => {
    const { student, images } = begun()
    const curvature = exactCurvature(student, images, 1)
    const values = weightsOf(student)
    student.dispose()
    images.dispose()
    return keptByWorth(
      curvature.map((own, i) => worth(values[i] ?? 0, own)),
      pattern,
      budget,
    )
  }

  it('global rates keep the largest weights of all layers by w²', () => {
    expect(kept('global')).toEqual(expected((value) => value ** 2))
  })

  it('learned rates keep the largest weights of all layers by w² times curvature', () => {
    const found = expected((value, curvature) => value ** 2 * curvature)
    expect(kept('learned')).toEqual(found)
    // Neither factor alone gives the same result.
    expect(found).not.toEqual(expected((value) => value ** 2))
    expect(found).not.toEqual(expected((_, curvature) => curvature))
  })
})

describe('a layer whose outputs never reach the logits', () => {
  /** `conv2` has large weights, and the batch normalisation after it multiplies by 0. */
  const cut = (): Float32Array => {
    const factors = new Map([
      ['conv2.weight', 3],
      ['bn2.weight', 0],
    ])
    const values = spread(normalisedNet)
    for (const { name, offset, size } of parametersOf(normalisedNet))
      for (let i = offset; i < offset + size; i++) values[i] = (values[i] ?? 0) * (factors.get(name) ?? 1)
    return values
  }
  it.each([
    ['irregular', 1],
    ['filter', 36],
    ['column', 6],
  ] as const)('keeps one group of pattern %s by learned rates, and many by global ones', (pattern, group) => {
    const at = weightsIn(normalisedNet).findIndex(({ node }) => node === 'conv2')
    const keptThere = (rates: RateSharing) => keptOf(made(normalisedNet, cut()), rates, 2, pattern)[at]
    expect(keptThere('learned')).toBe(group)
    expect(keptThere('global')).toBeGreaterThanOrEqual(2 * group)
  })
})
