import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { erdosRenyiRates, ratesByRank } from '../../src/math/allocation.js'
import { expectEvery } from '../support/expectEvery.js'

const layer = fc.record({
  scores: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 }),
  groupSize: fc.integer({ min: 1, max: 9 }),
})
const layers = fc.array(layer, { minLength: 1, maxLength: 5 })

const typed = (all: readonly { readonly scores: readonly number[]; readonly groupSize: number }[]) =>
  all.map(({ scores, groupSize }) => ({ scores: Float64Array.from(scores), groupSize }))

describe('rates by rank', () => {
  it('keep the largest scores of all layers, as a plain sort would', () => {
    const competitors = typed([
      { scores: [9, 1, 2, 3], groupSize: 1 },
      { scores: [8, 7, 0.5, 0.25], groupSize: 1 },
    ])
    expect(ratesByRank(competitors, 3)).toEqual([4, 2])
    expect(ratesByRank(competitors, 5)).toEqual([4 / 3, 2])
    expect(ratesByRank(competitors, 8)).toEqual([1, 1])
  })

  it('stay within the budget, empty no layer, and keep no score while they drop a higher one', () => {
    fc.assert(
      fc.property(layers, fc.double({ min: 0.05, max: 1, noNaN: true }), (all, share) => {
        const competitors = typed(all)
        const total = all.reduce((sum, { scores, groupSize }) => sum + scores.length * groupSize, 0)
        const one = all.reduce((sum, { groupSize }) => sum + groupSize, 0)
        const rates = ratesByRank(competitors, share * total)
        if (rates === undefined) {
          expect(one).toBeGreaterThan(share * total)
          return
        }
        const kept = competitors.map(({ scores }, i) => Math.round(scores.length / (rates[i] ?? 0)))
        const weights = kept.reduce((sum, own, i) => sum + own * (all[i]?.groupSize ?? 0), 0)
        const sorted = competitors.map(({ scores }) => [...scores].sort((a, b) => b - a))
        const dropped = sorted.flatMap((scores, i) => scores.slice(kept[i]))
        // Apart from the one group that every layer keeps.
        const chosen = sorted.flatMap((scores, i) => scores.slice(1, kept[i]))
        expect(Math.min(...chosen, Infinity)).toBeGreaterThanOrEqual(Math.max(...dropped, -Infinity))
        expect(weights).toBeLessThanOrEqual(share * total)
        expectEvery(kept, (own) => own >= 1)
      }),
      { seed: 8, numRuns: 300 },
    )
  })
})

describe('Erdős–Rényi rates', () => {
  it('are proportional to Σd / Πd, for the shapes of mnistNet', () => {
    const shapes = [
      [4, 4, 16, 32],
      [1568, 100],
    ]
    const [convolution = 0, linear = 0] = erdosRenyiRates(shapes, (8192 + 156800) / 8)
    expect(1 / convolution / (1 / linear)).toBeCloseTo(56 / 8192 / (1668 / 156800), 10)
    expect(8192 / convolution + 156800 / linear).toBeCloseTo((8192 + 156800) / 8, 6)
  })

  it('meet the budget, and keep a layer whole if its density would exceed 1', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 4 })
    fc.assert(
      fc.property(
        fc.array(shape, { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0.02, max: 1, noNaN: true }),
        (shapes, share) => {
          const sizes = shapes.map((sides) => sides.reduce((product, side) => product * side, 1))
          const budget = share * sizes.reduce((sum, size) => sum + size, 0)
          const rates = erdosRenyiRates(shapes, budget)
          const kept = rates.reduce((sum, rate, i) => sum + (sizes[i] ?? 0) / rate, 0)
          expectEvery(rates, (rate) => rate >= 1 - 1e-12)
          expect(Math.abs(kept - budget)).toBeLessThan(1e-6 * budget)
        },
      ),
      { seed: 9, numRuns: 300 },
    )
  })
})
