/** Losses of stochastic codes: gradients against central differences, and values in limiting cases. */

import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { residualInformation } from '../../src/math/ceb.js'
import { divergenceFromPrior } from '../../src/math/vib.js'
import { gradientError } from '../support/directional.js'
import { expectEvery, nonEmpty } from '../support/expectEvery.js'
import { norm, seededNumbers } from '../support/numbers.js'

const [N, SIZE] = [3, 4]

/** As in test/math/gradients: smooth losses of magnitude about 1. */
const TOLERANCE = 5e-3
const STEP = 0.02

const seeds = fc.nat(1e6)
const check = (property: fc.IPropertyWithHooks<unknown[]>): void => fc.assert(property, { numRuns: 20, seed: 5 })

interface Case {
  /** How many codes the loss takes. */
  readonly codes: number
  readonly loss: (codes: readonly Tensor2D[]) => Scalar
}

const losses: Readonly<Record<string, Case>> = {
  ceb: { codes: 3, loss: ([z, mean, c]) => residualInformation(z as Tensor2D, mean as Tensor2D, c as Tensor2D) },
  vib: { codes: 2, loss: ([mean, logVariance]) => divergenceFromPrior(mean as Tensor2D, logVariance as Tensor2D) },
}

const codesOf = (count: number, seed: number, scale: number): readonly Float32Array[] =>
  Array.from({ length: count }, (_, i) => seededNumbers(seed + i, N * SIZE).map((value) => value * scale))

const evaluated = ({ loss }: Case, codes: readonly Float32Array[]) =>
  tf.tidy(() => {
    const { value, grads } = tf.valueAndGrads((...given: Tensor[]): Scalar => loss(given as Tensor2D[]))(
      codes.map((values) => tf.tensor2d(values, [N, SIZE])),
    )
    return { value: Number(value.dataSync()[0]), gradients: grads.map((grad) => grad.dataSync<'float32'>()) }
  })

describe.each(Object.entries(losses))('%s', (_name, each) => {
  it('has the gradient of central differences', () => {
    check(
      fc.property(seeds, fc.constantFrom(0.5, 2), (seed, scale) => {
        const codes = codesOf(each.codes, seed, scale)
        const value = (moved: readonly Float32Array[]): number => evaluated(each, moved).value
        expect(gradientError(value, codes, evaluated(each, codes).gradients, { step: STEP })).toBeLessThan(TOLERANCE)
      }),
    )
  })

  it('is finite, with finite gradients, far from its minimum', () => {
    const { value, gradients } = evaluated(each, codesOf(each.codes, 3, 60))
    expectEvery([value, ...gradients.map(norm)], Number.isFinite)
  })
})

describe('the divergence of VIB', () => {
  const of = (mean: number, logVariance: number): number =>
    evaluated(losses.vib as Case, [new Float32Array(N * SIZE).fill(mean), new Float32Array(N * SIZE).fill(logVariance)])
      .value

  it('is 0 at the prior, and positive everywhere else', () => {
    expect(of(0, 0)).toBe(0)
    check(
      fc.property(seeds, fc.constantFrom(0.1, 1, 5), (seed, scale) => {
        expect(evaluated(losses.vib as Case, codesOf(2, seed, scale)).value).toBeGreaterThan(0)
      }),
    )
  })

  it('is ½·μ² per coordinate for a shifted prior, and ½·(v − 1 − log v) for a scaled one', () => {
    expect(of(3, 0)).toBeCloseTo(SIZE * 4.5, 5)
    expect(of(0, Math.log(4))).toBeCloseTo((SIZE * (4 - 1 - Math.log(4))) / 2, 5)
  })

  it('keeps its digits near the prior', () => {
    // ½·Σ(exp(s) − 1 − s) = SIZE·s²/4 up to 1 part in 3,000. exp(s) in float32 would leave one digit of it.
    expect(of(0, 1e-3) / (SIZE * 2.5e-7)).toBeCloseTo(1, 2)
  })
})

describe('the residual information of CEB', () => {
  const ceb = losses.ceb as Case

  it('is 0 if the label determines the code, for any sample', () => {
    check(
      fc.property(seeds, fc.constantFrom(0.1, 1, 5), (seed, scale) => {
        const [z = new Float32Array(0), mean = new Float32Array(0)] = codesOf(2, seed, scale)
        expect(evaluated(ceb, [z, mean, mean]).value).toBe(0)
      }),
    )
  })

  it('is ½·‖μ − c‖² at the mean, and −½·‖μ − c‖² at the mean of the class', () => {
    const [mean = new Float32Array(0), c = new Float32Array(0)] = codesOf(2, 4, 2)
    const half = mean.reduce((sum, value, i) => sum + (value - Number(c[i])) ** 2, 0) / 2 / N
    expect(evaluated(ceb, [mean, mean, c]).value / half).toBeCloseTo(1, 5)
    expect(evaluated(ceb, [c, mean, c]).value / half).toBeCloseTo(-1, 5)
  })

  it('moves a code z = μ + ε and the mean of its class towards each other', () => {
    const [noise = new Float32Array(0), mean = new Float32Array(0), c = new Float32Array(0)] = codesOf(3, 6, 1)
    const z = mean.map((value, i) => value + Number(noise[i]))
    const [ofSample, ofMean, ofClass] = evaluated(ceb, [z, mean, c]).gradients
    for (const [i, value] of nonEmpty(z.entries())) {
      const apart = (value - Number(c[i])) / N
      expect(Number(ofSample?.[i]) + Number(ofMean?.[i])).toBeCloseTo(apart, 5)
      expect(Number(ofClass?.[i])).toBeCloseTo(-apart, 5)
    }
  })
})
