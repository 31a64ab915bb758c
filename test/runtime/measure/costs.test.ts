import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { phaseCost, timesOf } from '../../../src/runtime/measure/costs.js'

const whole = { images: 1000, batchSize: 128, limit: Number.POSITIVE_INFINITY, every: Number.POSITIVE_INFINITY }

describe('the cost of a phase', () => {
  const sample = { phase: 'admm', epochs: 50, seconds: [9, 5, 1, 1, 2, 4, 1], memory: 7 }

  test('is all of its steps, each as long as the median of those after the warm-up', () => {
    expect(phaseCost(sample, whole)).toEqual({
      phase: 'admm',
      epochs: 50,
      steps: 50 * 8,
      secondsPerStep: 1,
      seconds: 400,
      memory: 7,
    })
  })

  test('ends at a limit', () => {
    expect(phaseCost(sample, { ...whole, limit: 30 })).toMatchObject({ steps: 30, seconds: 30 })
  })

  test('of fewer steps than the warm-up is that of the last one', () => {
    expect(phaseCost({ ...sample, seconds: [9, 3] }, whole).secondsPerStep).toBe(3)
  })
})

describe('how often an evaluation is made', () => {
  test('once before, and once for each epoch if it is one of an epoch', () => {
    expect([timesOf('before', [3, 4], 1), timesOf('epoch', [3, 4], 1)]).toEqual([1, 7])
  })

  test('at the end and in between is what a run counts', () => {
    const epochs = fc.array(fc.nat(9), { maxLength: 3 })
    fc.assert(
      fc.property(epochs, fc.integer({ min: 1, max: 10 }), (phases, every) => {
        const all = phases.flatMap((count) => Array.from({ length: count }, (_, epoch) => epoch + 1))
        // As `evaluationDue`: after every so many epochs of a phase, but not after the last step of all.
        const due = all.filter((epoch, index) => index < all.length - 1 && epoch % every === 0)
        expect(
          timesOf(
            'after',
            phases.filter((count) => count > 0),
            every,
          ),
        ).toBe(1 + due.length)
      }),
      { seed: 1 },
    )
  })

  test('is once without evaluations in between', () => {
    expect(timesOf('after', [3, 4], Number.POSITIVE_INFINITY)).toBe(1)
  })
})
