import { describe, expect, it } from 'vitest'
import { constant, cosine, multiStep, type Schedule, thirds } from '../../../src/training/step/schedule.js'

/** The factors at the first step of each of `epochs` epochs of 2 steps. */
const byEpoch = ({ factor }: Schedule, epochs: number): readonly number[] =>
  Array.from({ length: epochs }, (_, epoch) => factor({ step: 2 * epoch, steps: 2 * epochs, epoch, epochs }))

describe('schedules', () => {
  it('constant stays 1', () => {
    expect(byEpoch(constant(), 4)).toEqual([1, 1, 1, 1])
  })

  it('thirds takes a tenth at each third of a period, and begins anew', () => {
    // 0.1 ** 2 is 0.010000000000000002 in float64: a relative 1e-15 is its rounding.
    const expected = [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01]
    byEpoch(thirds(9), 20).forEach((factor, epoch) => {
      expect(factor).toBeCloseTo(Number(expected[epoch % 9]), 15)
    })
  })

  it('thirds of 3 epochs equal those of the reference for --admm-epochs 3', () => {
    // lr · 0.1 ** ((epoch − 1) % 3 // 1), its epochs from 1.
    const reference = Array.from({ length: 10 }, (_, i) => 0.1 ** (i % 3))
    expect(byEpoch(thirds(3), 10)).toEqual(reference)
  })

  it('thirds of a period that 3 does not divide change where the third begins', () => {
    expect(byEpoch(thirds(1), 3)).toEqual([1, 1, 1])
    expect(byEpoch(thirds(2), 4)).toEqual([1, 0.1, 1, 0.1])
    const factors = byEpoch(thirds(50), 50)
    expect(factors.findIndex((factor) => factor < 0.5)).toBe(17)
    expect(factors.findIndex((factor) => factor < 0.05)).toBe(34)
    expect(() => thirds(0)).toThrow('every')
  })

  it('multiStep falls at its parts of the phase', () => {
    const factors = byEpoch(multiStep([0.75, 0.9]), 100)
    expect(factors.indexOf(0.1)).toBe(75)
    expect(factors.findIndex((factor) => factor < 0.05)).toBe(90)
    expect(factors.at(-1)).toBeCloseTo(0.01, 15)
    for (const parts of [[0], [1], [0.9, 0.75], [0.5, 0.5], [Number.NaN]])
      expect(() => multiStep(parts)).toThrow('multiStep: expected parts')
  })

  it('cosine falls step by step from 1 to the last value of the reference', () => {
    const at = (step: number): number => cosine().factor({ step, steps: 100, epoch: 0, epochs: 1 })
    expect(at(0)).toBe(1)
    // The middle of [4e-5, 1]; cos(π/2) is 6e-17, not 0.
    expect(at(50)).toBeCloseTo((1 + 4e-5) / 2, 15)
    expect(at(100)).toBeCloseTo(4e-5, 15)
    for (let step = 0; step < 100; step++) expect(at(step + 1)).toBeLessThan(at(step))
  })
})
