import type { Tensor1D } from '@tensorflow/tfjs-core'
import { describe, expect, it } from 'vitest'
import { tf } from '../../../src/engine/tf.js'
import { adam } from '../../../src/training/step/adam.js'
import type { Optimizer } from '../../../src/training/step/optimizer.js'
import { sgd } from '../../../src/training/step/sgd.js'
import { distance, seededNumbers } from '../../support/numbers.js'

const SIZE = 40
const STEPS = 20

/** A gradient that depends on the weights, with elements from 1e-6 to 1. */
const gradientAt = (weights: ArrayLike<number>, step: number): Float64Array =>
  Float64Array.from({ length: SIZE }, (_, i) => 10 ** (-6 * (i / SIZE)) * (Number(weights[i]) + Math.sin(step + i)))

const start = seededNumbers(3, SIZE)
const rates = Array.from({ length: STEPS }, (_, i) => 0.05 / (1 + i / 10))

const run = (optimizer: Optimizer): readonly number[] => {
  tf.engine().startScope()
  let weights = tf.tensor1d(start)
  let slots: readonly Tensor1D[] = Array.from({ length: optimizer.slots }, () => tf.zeros([SIZE]))
  for (const [i, learningRate] of rates.entries()) {
    const gradient = tf.tensor1d(Float32Array.from(gradientAt(weights.dataSync(), i)))
    const next = optimizer.update({ weights, gradient, slots, step: i + 1, learningRate })
    weights = next.weights
    slots = next.slots
  }
  const found = Array.from(weights.dataSync())
  tf.engine().endScope()
  return found
}

type Reference = (weights: Float64Array, gradient: Float64Array, step: number, learningRate: number) => void

const reference = (update: Reference): readonly number[] => {
  const weights = Float64Array.from(start)
  for (const [i, rate] of rates.entries()) update(weights, gradientAt(weights, i), i + 1, rate)
  return Array.from(weights)
}

const value = (list: ArrayLike<number>, i: number): number => Number(list[i])

/** Kingma and Ba, Algorithm 1, as written there: with m̂ and v̂. */
const adamReference = (beta1: number, beta2: number, epsilon: number): Reference => {
  const m = new Float64Array(SIZE)
  const v = new Float64Array(SIZE)
  return (weights, gradient, step, learningRate) => {
    for (let i = 0; i < SIZE; i++) {
      m[i] = beta1 * value(m, i) + (1 - beta1) * value(gradient, i)
      v[i] = beta2 * value(v, i) + (1 - beta2) * value(gradient, i) ** 2
      const corrected = value(v, i) / (1 - beta2 ** step)
      weights[i] =
        value(weights, i) - (learningRate * (value(m, i) / (1 - beta1 ** step))) / (Math.sqrt(corrected) + epsilon)
    }
  }
}

/** As `torch.optim.SGD` documents it, dampening 0, no Nesterov. */
const sgdReference = (momentum: number, decay: number): Reference => {
  const buffer = new Float64Array(SIZE)
  return (weights, gradient, _step, learningRate) => {
    for (let i = 0; i < SIZE; i++) {
      buffer[i] = momentum * value(buffer, i) + value(gradient, i) + decay * value(weights, i)
      weights[i] = value(weights, i) - learningRate * value(buffer, i)
    }
  }
}

// 20 steps in float32, each rounding a weight of about 1 by 6e-8; Adam divides two numbers of relative error 1e-7 each
// and moves by 0.05, so that a gradient that feeds back stays within 1e-5 as well.
const TOLERANCE = 1e-5

describe('optimizers follow a float64 reference over 20 steps', () => {
  it.each([
    ['adam', adam(), adamReference(0.9, 0.999, 1e-8)],
    ['adam of other decays', adam({ beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }), adamReference(0.5, 0.9, 1e-3)],
    ['sgd', sgd(), sgdReference(0.9, 0)],
    ['sgd without momentum', sgd({ momentum: 0 }), sgdReference(0, 0)],
    ['sgd with weight decay', sgd({ momentum: 0.8, weightDecay: 0.1 }), sgdReference(0.8, 0.1)],
  ])('%s', (_name, optimizer, update) => {
    expect(distance(run(optimizer), reference(update))).toBeLessThan(TOLERANCE)
  })
})
