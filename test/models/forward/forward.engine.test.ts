import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import { type Architecture, architecture } from '../../../src/models/architecture/architecture.js'
import { forward, unflatten } from '../../../src/models/forward/forward.js'
import type { Layer } from '../../../src/models/layers/layer.js'
import { avgPool2d, flatten, linear, maxPool2d, pad2d } from '../../../src/models/layers/layers.js'
import { parameterCount, parametersOf } from '../../../src/models/parameters/parameters.js'
import { freshStatistics, statisticsCount } from '../../../src/models/parameters/statistics.js'
import { lenet } from '../../../src/models/zoo/zoo.js'
import { Student } from '../../../src/training/network/network.js'
import { gradientError } from '../../support/directional.js'
import { expectEvery } from '../../support/expectEvery.js'
import { distance, seededNumbers } from '../../support/numbers.js'
import { normalised, shortcut } from '../fixtures.js'

const imagesOf = (net: Architecture, values: Float32Array): Tensor4D => {
  const { height, width, channels } = net.input
  return tf.tensor4d(values, [values.length / (height * width * channels), height, width, channels])
}

const logitsOf = (net: Architecture, weights: Float32Array, images: Float32Array): Float32Array =>
  tf.tidy(() => forward(net, unflatten(net, tf.tensor1d(weights)), imagesOf(net, images)).logits.dataSync<'float32'>())

/** Σ dy·logits by differences along the weights and along the images, against automatic differentiation. */
const errorOf = (net: Architecture, weights: Float32Array, images: Float32Array, step: number): number => {
  const dy = seededNumbers(99, logitsOf(net, weights, images).length)
  const gradients = tf.tidy(() => {
    const run = (w: Tensor, x: Tensor): Tensor => forward(net, unflatten(net, w as Tensor1D), x as Tensor4D).logits
    const { grads } = tf.valueAndGrads((...[w, x]: Tensor[]) => run(w as Tensor, x as Tensor))(
      [tf.tensor1d(weights), imagesOf(net, images)],
      tf.tensor2d(dy, [dy.length / net.classes, net.classes]),
    )
    return grads.map((gradient) => gradient.dataSync<'float32'>())
  })
  const objective = ([w = weights, x = images]: readonly Float32Array[]): number =>
    logitsOf(net, w, x).reduce((sum, value, i) => sum + value * Number(dy[i]), 0)
  return gradientError(objective, [weights, images], gradients, { step })
}

/** Pixels that all differ by at least 1 / size: no window's maximum changes over a smaller step. */
const spread = (size: number): Float32Array => {
  const order = Array.from(seededNumbers(5, size).entries()).sort(([, a], [, b]) => a - b)
  const values = new Float32Array(size)
  for (const [rank, [pixel]] of order.entries()) values[pixel] = rank / size
  return values
}

describe('gradients of forward() by central differences', () => {
  const pooled = (pool: Layer): Architecture =>
    architecture('pooled', { height: 5, width: 6, channels: 2 }, [pool, flatten(), linear('fc', { out: 3 })])

  it.each([
    ['max pooling', maxPool2d({ kernel: 2 })],
    ['max pooling with windows that overlap', maxPool2d({ kernel: 3, stride: 1 })],
    ['max pooling with gaps', maxPool2d({ kernel: 1, stride: 2 })],
    ['max pooling with padding', maxPool2d({ kernel: 3, stride: 2, padding: 1, ceilMode: true })],
    ['zeros at two sides', pad2d({ right: 1, bottom: 2 })],
    ['average pooling with padding', avgPool2d({ kernel: 3, stride: 2, padding: 1, ceilMode: true })],
    ['means within the image', avgPool2d({ kernel: 2, stride: 1, padding: 1, countIncludePad: false })],
    ['average pooling', avgPool2d({ kernel: 2 })],
    ['average pooling with windows that overlap', avgPool2d({ kernel: 3, stride: 2 })],
  ])('%s', (_name, pool) => {
    const net = pooled(pool)
    // Linear in weights and, within the step, in pixels: exact up to 1e-7 / step.
    expect(errorOf(net, seededNumbers(3, parameterCount(net)), spread(2 * 60), 3e-3)).toBeLessThan(5e-3)
  })

  it('a network with every type of layer and two shortcuts', () => {
    const weights = seededNumbers(4, parameterCount(shortcut)).map((value) => 0.5 * value)
    const images = seededNumbers(6, 3 * 98).map((value) => 0.5 + 0.5 * value)
    // Some steps of 2e-3 over 1,040 weights cross a ReLU's kink, which changes the differences by a few per cent.
    expect(errorOf(shortcut, weights, images, 2e-3)).toBeLessThan(0.05)
  })
})

describe('forward()', () => {
  it('adds the layers that a shortcut names', () => {
    const net = shortcut
    const weights = seededNumbers(1, parameterCount(net)).map((value) => 0.3 * value)
    const images = seededNumbers(2, 98).map((value) => 0.5 + 0.5 * value)
    const shapes = tf.tidy(() => {
      const { logits, hidden } = forward(net, unflatten(net, tf.tensor1d(weights)), imagesOf(net, images))
      return {
        logits: logits.shape,
        hidden: hidden.map((z) => z.shape),
        low: hidden.map((z) => Number(tf.min(z).dataSync()[0])),
      }
    })
    expect(shapes.logits).toEqual([1, 3])
    // After each ReLU, in order: the trunk, the left branch, the sum, the wide layer.
    expect(shapes.hidden).toEqual([
      [1, 7, 7, 4],
      [1, 7, 7, 4],
      [1, 7, 7, 4],
      [1, 20],
    ])
    expectEvery(shapes.low, (value) => value >= 0)
    // Without the right branch the sum is the trunk; without the wide layer the head reads only the features.
    const without = Float32Array.from(weights)
    for (const { name, offset, size } of parametersOf(net))
      if (/^(right|wide)\./.test(name)) without.fill(0, offset, offset + size)
    const silent = tf.tidy(() => {
      const { hidden } = forward(net, unflatten(net, tf.tensor1d(without)), imagesOf(net, images))
      return hidden.map((z) => z.dataSync())
    })
    expect(distance(silent[2] ?? [], silent[0] ?? [0])).toBe(0)
    expect(distance(logitsOf(net, without, images), logitsOf(net, weights, images))).toBeGreaterThan(1e-3)
  })

  it('has the same logits for an image alone and in a batch', () => {
    const weights = seededNumbers(1, parameterCount(shortcut))
    const images = seededNumbers(2, 5 * 98)
    const together = logitsOf(shortcut, weights, images)
    for (let i = 0; i < 5; i++)
      expect(
        distance(logitsOf(shortcut, weights, images.slice(i * 98, (i + 1) * 98)), together.slice(i * 3, i * 3 + 3)),
      ).toBeLessThan(1e-5)
  })

  it('runs a network of 3 million parameters', () => {
    const weights = seededNumbers(1, parameterCount(lenet)).map((value) => 0.02 * value)
    expectEvery(logitsOf(lenet, weights, seededNumbers(2, 784)), Number.isFinite)
  })
})

describe('a student', () => {
  it('follows its weights, drops the old ones, and disposes of all tensors', () => {
    const before = tf.memory().numTensors
    const first = seededNumbers(1, parameterCount(shortcut))
    const second = seededNumbers(2, parameterCount(shortcut))
    const images = seededNumbers(3, 2 * 98)
    const student = new Student(shortcut, first)
    const logits = (): Float32Array => tf.tidy(() => student.logits(imagesOf(shortcut, images)).dataSync<'float32'>())
    expect(distance(logits(), logitsOf(shortcut, first, images))).toBeLessThan(1e-6)
    const held = tf.memory().numTensors
    logits()
    expect(tf.memory().numTensors).toBe(held)
    student.replaceWeights(tf.tensor1d(second))
    expect(distance(logits(), logitsOf(shortcut, second, images))).toBeLessThan(1e-6)
    expect(tf.memory().numTensors).toBe(held)
    student.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('follows its statistics, which change in training and not in use', () => {
    const before = tf.memory().numTensors
    const weights = seededNumbers(1, parameterCount(normalised))
    const images = seededNumbers(3, 2 * 72)
    const other = seededNumbers(4, statisticsCount(normalised)).map((value) => 1 + value / 2)
    const student = new Student(normalised, weights)
    const logits = (of = student): Float32Array =>
      tf.tidy(() => of.logits(imagesOf(normalised, images)).dataSync<'float32'>())
    expect(student.statistics.dataSync()).toEqual(freshStatistics(normalised))
    const fresh = logits()
    expect(logits()).toEqual(fresh)
    const held = tf.memory().numTensors
    student.replaceStatistics(tf.tensor1d(other))
    const moved = logits()
    expect(tf.memory().numTensors).toBe(held)
    expect(distance(moved, fresh)).toBeGreaterThan(1e-2)
    const same = new Student(normalised, weights, other)
    expect(logits(same)).toEqual(moved)
    same.dispose()
    student.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})
