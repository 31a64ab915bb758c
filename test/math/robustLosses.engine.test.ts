/** TRADES, MART and LBGAT: gradients against central differences, and values in limiting cases. */

import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divergenceFrom } from '../../src/attacks/common/losses.js'
import { tf } from '../../src/engine/tf.js'
import { crossEntropyLoss } from '../../src/math/crossEntropy.js'
import { lbgatLoss } from '../../src/math/lbgat.js'
import { martLoss } from '../../src/math/mart.js'
import { tradesLoss } from '../../src/math/trades.js'
import { gradientError } from '../support/directional.js'
import { expectEvery } from '../support/expectEvery.js'
import { distance, norm, seededNumbers } from '../support/numbers.js'

const [N, C] = [3, 4]

/** As in test/math/gradients: smooth losses of magnitude about 1. */
const TOLERANCE = 5e-3
const STEP = 0.02

/** Rounding of float32 values of about 1. */
const ROUNDING = 1e-6

const seeds = fc.nat(1e6)
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 20, seed: 5 })

const labelsOf = (seed: number): Float32Array =>
  Float32Array.from({ length: 2 * N * C }, (_, i) => {
    const row = Math.floor(i / C) % N
    return (row + seed) % C === i % C ? 1 : 0
  })

type Loss = (logits: Tensor2D, labels: Tensor2D, guide: Tensor2D) => Scalar

const losses: Readonly<Record<string, Loss>> = {
  trades: (logits, labels) => tradesLoss(logits, labels, 6),
  'trades, β = 0': (logits, labels) => tradesLoss(logits, labels, 0),
  mart: (logits, labels) => martLoss(logits, labels, 5),
  'mart, λ = 0': (logits, labels) => martLoss(logits, labels, 0),
  lbgat: (logits, labels, guide) => lbgatLoss(logits, guide, labels, 6),
  'lbgat, β = 0': (logits, labels, guide) => lbgatLoss(logits, guide, labels, 0),
}

const evaluated = (loss: Loss, logits: Float32Array, guide: Float32Array, seed: number) =>
  tf.tidy(() => {
    const labels = tf.tensor2d(labelsOf(seed), [2 * N, C])
    // The gradient of an input that a loss does not use is 0.
    const ofBoth = (...[x, g]: Tensor[]): Scalar =>
      tf.add(loss(x as Tensor2D, labels, g as Tensor2D), tf.mul(tf.sum(g as Tensor2D), 0))
    const { value, grads } = tf.valueAndGrads(ofBoth)([tf.tensor2d(logits, [2 * N, C]), tf.tensor2d(guide, [N, C])])
    return {
      value: Number(value.dataSync()[0]),
      gradients: grads.map((gradient) => gradient.dataSync<'float32'>()),
    }
  })

const logitsOf = (seed: number, scale: number): Float32Array => seededNumbers(seed, 2 * N * C).map((v) => v * scale)
const guideOf = (seed: number): Float32Array => seededNumbers(seed + 7, N * C)

describe.each(Object.entries(losses))('%s', (name, loss) => {
  it('has the gradient of central differences', () => {
    check(
      fc.property(seeds, fc.constantFrom(0.5, 2), (seed, scale) => {
        const [logits, guide] = [logitsOf(seed, scale), guideOf(seed)]
        // MART has a kink if two wrong classes are equally likely.
        fc.pre(!name.startsWith('mart') || clearlyWrong(logits, seed))
        const value = ([x = logits, g = guide]: readonly Float32Array[]): number => evaluated(loss, x, g, seed).value
        const { gradients } = evaluated(loss, logits, guide, seed)
        const inputs = name.startsWith('lbgat') ? [logits, guide] : [logits]
        const given = gradients.slice(0, inputs.length)
        expect(gradientError(value, inputs, given, { step: STEP })).toBeLessThan(TOLERANCE)
      }),
    )
  })

  it('is finite, with finite gradients, if the network is sure of a class', () => {
    for (const scale of [30, 300]) {
      const { value, gradients } = evaluated(loss, logitsOf(3, scale), guideOf(3), 3)
      expectEvery([value, ...gradients.map(norm)], Number.isFinite)
    }
  })
})

/** Whether the likeliest wrong class of each attacked image leads the others by more than the differences' steps. */
const clearlyWrong = (logits: Float32Array, seed: number): boolean =>
  Array.from({ length: N }, (_, row) => {
    const attacked = [...logits.subarray((N + row) * C, (N + row + 1) * C)]
    const [first = 0, second = 0] = attacked.filter((__, c) => c !== (row + seed) % C).sort((a, b) => b - a)
    return first - second
  }).every((gap) => gap > 5 * STEP)

const crossEntropyOf = (logits: Float32Array, seed: number) => {
  const rows = logits.length / C
  return tf.tidy(() => {
    const labels = tf.tensor2d(labelsOf(seed).slice(0, logits.length), [rows, C])
    const { value, grad } = tf.valueAndGrad((x: Tensor) => crossEntropyLoss(x as Tensor2D, labels))(
      tf.tensor2d(logits, [rows, C]),
    )
    return { value: Number(value.dataSync()[0]), gradient: grad.dataSync<'float32'>() }
  })
}

it('TRADES with β = 0 is the cross entropy of the natural images', () => {
  check(
    fc.property(seeds, fc.constantFrom(1, 10), (seed, scale) => {
      const logits = logitsOf(seed, scale)
      const found = evaluated((x, labels) => tradesLoss(x, labels, 0), logits, guideOf(seed), seed)
      const natural = crossEntropyOf(logits.slice(0, N * C), seed)
      expect(distance([found.value], [natural.value])).toBeLessThan(ROUNDING)
      expect(distance(found.gradients[0] ?? [], [...natural.gradient, ...new Float32Array(N * C)])).toBeLessThan(
        ROUNDING,
      )
    }),
  )
})

it('TRADES adds nothing if the attack changes no answer', () => {
  const half = seededNumbers(4, N * C)
  const logits = Float32Array.from([...half, ...half])
  const found = evaluated((x, labels) => tradesLoss(x, labels, 6), logits, guideOf(1), 1)
  expect(found.value).toBeCloseTo(crossEntropyOf(half, 1).value, 6)
})

it('MART with λ = 0 depends on the attacked images only, and is more than their cross entropy', () => {
  check(
    fc.property(seeds, (seed) => {
      const logits = logitsOf(seed, 3)
      const found = evaluated((x, labels) => martLoss(x, labels, 0), logits, guideOf(seed), seed)
      expectEvery(found.gradients[0]?.slice(0, N * C) ?? [], (value) => value === 0)
      // It adds −log(1.0001 − max q), which is at least −1e-4.
      expect(found.value).toBeGreaterThan(crossEntropyOf(logits.slice(N * C), seed).value - 1e-3)
    }),
  )
})

it('LBGAT with β = 0 is the guide’s cross entropy if the guide answers as the robust network does', () => {
  const logits = logitsOf(8, 2)
  const guide = logits.slice(N * C)
  const found = evaluated((x, labels, g) => lbgatLoss(x, g, labels, 0), logits, guide, 2)
  const natural = crossEntropyOf(guide, 2)
  expect(found.value).toBeCloseTo(natural.value, 6)
  expect(norm(found.gradients[0] ?? [1])).toBe(0)
  expect(distance(found.gradients[1] ?? [], natural.gradient)).toBeLessThan(ROUNDING)
})

describe('the divergence that an attack maximises', () => {
  const value = (target: Float32Array, logits: Float32Array): number =>
    tf.tidy(() => Number(tf.sum(divergenceFrom(target)(tf.tensor2d(logits, [2 * N, C]))).dataSync()[0]))

  it('has the gradient of central differences, is 0 at its target, and is positive elsewhere', () => {
    check(
      fc.property(seeds, (seed) => {
        const [target, logits] = [logitsOf(seed, 2), logitsOf(seed + 1, 2)]
        const gradient = tf.tidy(() => {
          const losses64 = divergenceFrom(target)
          const sum = (x: Tensor): Scalar => tf.sum(losses64(x as Tensor2D))
          return tf
            .grad(sum)(tf.tensor2d(logits, [2 * N, C]))
            .dataSync<'float32'>()
        })
        const objective = ([x = logits]: readonly Float32Array[]): number => value(target, x)
        expect(gradientError(objective, [logits], [gradient], { step: STEP })).toBeLessThan(TOLERANCE)
        expect(value(target, target)).toBe(0)
        expect(value(target, logits)).toBeGreaterThan(0)
      }),
    )
  })
})
