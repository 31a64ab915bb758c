import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { crossEntropyLoss } from '../../src/math/crossEntropy.js'
import { distillationLoss } from '../../src/math/distillation.js'
import { bottleneckLoss, bottleneckMatrix, nHsic } from '../../src/math/hsic/hsic.js'
import { quadraticPenalty } from '../../src/math/quadraticPenalty.js'
import { architecture } from '../../src/models/architecture/architecture.js'
import { flatten, linear } from '../../src/models/layers/layers.js'
import { parameterCount } from '../../src/models/parameters/parameters.js'
import { Student } from '../../src/training/network/network.js'
import { admmRule } from '../../src/training/pruning/pruning.js'
import { layerRates } from '../../src/training/pruning/rates.js'
import { TrainingMemory } from '../../src/training/step/memory.js'
import { gradientError } from '../support/directional.js'
import { expectEvery, nonEmpty } from '../support/expectEvery.js'
import { gaussian64, linear64, normalised64, trace64, traceGradient64 } from '../support/hsic64.js'
import { normalisedGaussian } from '../support/hsicKernels.js'
import { relativeError, seededNumbers } from '../support/numbers.js'

/**
 * Relative to the typical directional derivative (see `gradientError`). The losses are smooth and of magnitude about 1,
 * so with h = 0.05 the formula's own error is at most 1e-5 and rounding adds 1e-6 / 0.05. A wrong factor or sign gives
 * an error of at least 1.
 */
const TOLERANCE = 5e-3
const STEP = 0.05

const numbers = (seed: number, count: number, scale = 1): Float32Array =>
  seededNumbers(seed, count).map((value) => value * scale)

/** One-hot, each class in turn. */
const oneHot = (examples: number, classes: number): Float32Array =>
  Float32Array.from({ length: examples * classes }, (_, i) =>
    Math.floor(i / classes) % classes === i % classes ? 1 : 0,
  )

const valueOf = (loss: () => Scalar): number => tf.tidy(() => Number(loss().dataSync()[0]))

const gradientOf = (loss: (x: Tensor) => Scalar, at: () => Tensor): Float32Array =>
  tf.tidy(() => tf.grad(loss)(at()).dataSync<'float32'>())

const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 10, seed: 11 })
const seeds = fc.nat(1e6)

describe('gradients against central differences', () => {
  it('cross entropy, one-hot and soft labels', () => {
    const [examples, classes] = [5, 4]
    const soft = numbers(3, examples * classes).map((value) => value + 1.1)
    const sums = Array.from({ length: examples }, (_, i) =>
      soft.slice(i * classes, (i + 1) * classes).reduce((a, b) => a + b, 0),
    )
    const labels = [oneHot(examples, classes), soft.map((value, i) => value / Number(sums[Math.floor(i / classes)]))]
    for (const y of labels)
      check(
        fc.property(seeds, fc.constantFrom(1, 5), (seed, scale) => {
          const logits = numbers(seed, examples * classes, scale)
          const loss = (s: Tensor): Scalar => crossEntropyLoss(s as Tensor2D, tf.tensor2d(y, [examples, classes]))
          const tensor = (values?: Float32Array) => tf.tensor2d(values ?? logits, [examples, classes])
          const gradient = gradientOf(loss, tensor)
          const error = gradientError(([s]) => valueOf(() => loss(tensor(s))), [logits], [gradient], { step: STEP })
          expect(error).toBeLessThan(TOLERANCE)
        }),
      )
  })

  it('distillation, for the student only', () => {
    const [examples, classes] = [4, 5]
    check(
      fc.property(seeds, fc.constantFrom(1, 4, 30), (temperature, seed) => {
        // T²·KL is about ‖s − t‖² / 2C for any T. Logits that differ by about T keep the loss's digits.
        const [student, teacher] = [numbers(seed, 20, temperature), numbers(seed + 1, 20, temperature)]
        const loss = (s: Tensor): Scalar =>
          distillationLoss(s as Tensor2D, tf.tensor2d(teacher, [examples, classes]), { temperature, alpha: 10 })
        const tensor = (values?: Float32Array) => tf.tensor2d(values ?? student, [examples, classes])
        const gradient = gradientOf(loss, tensor)
        const options = { step: STEP * temperature }
        expect(gradientError(([s]) => valueOf(() => loss(tensor(s))), [student], [gradient], options)).toBeLessThan(
          TOLERANCE,
        )
      }),
    )
  })

  it('nHSIC and the bottleneck, against float64', () => {
    const [n, classes] = [8, 3]
    // Differences in float64 are accurate to 1e-4 or better. The rest is float32: R_Y has rounding errors of
    // 6e-8 / εn = 1e-3 here (n is 8), and two features, whose kernel has rank 3, magnify them.
    const tolerance = 5e-3
    check(
      fc.property(seeds, fc.integer({ min: 2, max: 12 }), fc.constantFrom(1, 10), (seed, features, scale) => {
        const z = numbers(seed, n * features, scale)
        const x = numbers(seed + 1, n * 6)
        const labels = oneHot(n, classes)
        const rX = normalised64(gaussian64(x, n), n)
        const rY = normalised64(linear64(labels, n), n)
        for (const [lambdaX, lambdaY] of [
          [1, 0],
          [0, 1],
          [2, 0.5],
        ] as const) {
          const s = rX.map((value, i) => lambdaX * value - lambdaY * Number(rY[i]))
          const value64 = (at: Float64Array): number => trace64(s, normalised64(gaussian64(at, n), n), n)
          const differences = Float64Array.from(z, (_unused, i) => {
            const h = 1e-3 * scale
            const at = (times: number): number =>
              value64(Float64Array.from(z, (value, j) => (i === j ? value + times * h : value)))
            return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h)
          })
          expect(relativeError(traceGradient64(z, s, n), differences), 'the float64 reference itself').toBeLessThan(
            2e-4,
          )
          const found = gradientOf(
            (activations) =>
              bottleneckLoss(
                [activations],
                bottleneckMatrix(tf.tensor2d(x, [n, 6]), tf.tensor2d(labels, [n, classes]), { lambdaX, lambdaY }),
              ),
            () => tf.tensor2d(z, [n, features]),
          )
          expect(relativeError(found, differences), `λx ${lambdaX}, λy ${lambdaY}`).toBeLessThan(tolerance)
        }
      }),
    )
  })

  it('nHSIC of images, against differences of its own values', () => {
    const [n, shape] = [6, [6, 3, 3, 2] as [number, number, number, number]]
    const x = numbers(5, n * 4)
    const loss = (z: Tensor): Scalar => nHsic(z, normalisedGaussian(tf.tensor2d(x, [n, 4])))
    check(
      fc.property(seeds, (seed) => {
        // With a scale of 0.02 the kernel's eigenvalues are about εn: there nHSIC depends most on z and is most
        // accurate.
        const z = numbers(seed, n * 18, 0.02)
        const gradient = gradientOf(loss, () => tf.tensor4d(z, shape))
        const error = gradientError(([at]) => valueOf(() => loss(tf.tensor4d(at ?? z, shape))), [z], [gradient], {
          step: 0.01,
        })
        expect(error).toBeLessThan(TOLERANCE)
      }),
    )
  })

  it('the sum over layers is the sum of their gradients', () => {
    const n = 6
    const [first, second] = [numbers(1, n * 4), numbers(2, n * 7)]
    const found = tf.tidy(() => {
      const s = bottleneckMatrix(tf.tensor2d(numbers(3, n * 5), [n, 5]), tf.tensor2d(oneHot(n, 3), [n, 3]), {
        lambdaX: 1,
        lambdaY: 0.5,
      })
      const [a, b] = [tf.tensor2d(first, [n, 4]), tf.tensor2d(second, [n, 7])]
      const together = tf.grads((p: Tensor, q: Tensor) => bottleneckLoss([p, q], s))([a, b])
      const alone = [a, b].map((z) => tf.grad((p: Tensor) => nHsic(p, s))(z))
      return { together: together.map((g) => g.dataSync()), alone: alone.map((g) => g.dataSync()) }
    })
    // One call may sum the products of two layers in another order, after an inverse of condition 1e4.
    for (const [i, gradient] of nonEmpty(found.alone.entries()))
      expect(relativeError(found.together[i] ?? [], gradient)).toBeLessThan(1e-4)
  })

  it('the ADMM penalty, after Z and U have moved', () => {
    const net = architecture('small', { height: 2, width: 2, channels: 2 }, [
      flatten(),
      linear('a', { out: 6 }),
      linear('b', { out: 3 }),
    ])
    const size = parameterCount(net)
    const student = new Student(net, numbers(1, size))
    const memory = new TrainingMemory()
    const task = { pattern: 'irregular', rates: layerRates('test', net, { a: 4 }, []) } as const
    const rule = admmRule(() => task, 1, { initial: 0.5, growth: 1.5, max: 1 })
    rule.begin?.(student, memory)
    student.replaceWeights(tf.tensor1d(numbers(2, size)))
    rule.beginEpoch?.(student, memory, 1)
    const at = numbers(3, size)
    const adjusted = (weights: Float32Array) => {
      student.replaceWeights(tf.tensor1d(weights))
      return tf.tidy(() => {
        const pull = rule.penalty?.(memory)
        if (!pull) throw new Error('no penalty')
        const { target, price } = pull
        const gradient = tf.zeros([size]) as Tensor1D
        const result = quadraticPenalty({ weights: student.weights, target, price, gradient })
        return { gradient: result.gradient.dataSync<'float32'>(), loss: Number(result.loss.dataSync()[0]) }
      })
    }
    const { gradient, loss } = adjusted(at)
    expect(loss).toBeGreaterThan(0.1)
    // Quadratic, so differences are exact up to rounding.
    expect(gradientError(([w]) => adjusted(w ?? at).loss, [at], [gradient], { step: 0.5 })).toBeLessThan(1e-4)
    expectEvery(gradient.slice(48), (value) => value === 0, 'biases and the layer that stays whole')
    student.dispose()
    memory.forget('')
  })
})
