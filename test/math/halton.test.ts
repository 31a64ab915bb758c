import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { haltonSequence } from '../../src/math/halton.js'
import { stream } from '../../src/math/random.js'

const sequence = (seed: number) => haltonSequence((dimension, digit) => stream(seed, 'halton', dimension, digit))

/**
 * The star discrepancy of points in the unit square: the largest difference between the share of points in a box at 0 and
 * the box's area, over all boxes whose corners are coordinates of points.
 */
const starDiscrepancy = (points: readonly (readonly [number, number])[]): number => {
  const ends = (axis: 0 | 1): number[] => [...points.map((point) => point[axis]), 1]
  let worst = 0
  for (const x of ends(0))
    for (const y of ends(1)) {
      const below = points.filter(([a, b]) => a < x && b < y).length / points.length
      const within = points.filter(([a, b]) => a <= x && b <= y).length / points.length
      worst = Math.max(worst, x * y - below, within - x * y)
    }
  return worst
}

describe('the Halton sequence', () => {
  test('has, of the first bᵏ numbers in base b, exactly one in each interval of length b⁻ᵏ', () => {
    const bases = [2, 3, 5, 7]
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(3), fc.integer({ min: 1, max: 3 }), (seed, dimension, power) => {
        const count = (bases[dimension] ?? 0) ** power
        const number = sequence(seed)
        const cells = Array.from({ length: count }, (_, index) => Math.floor(number(index, dimension) * count))
        expect(cells.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, cell) => cell))
      }),
      { seed: 1, numRuns: 30 },
    )
  })

  test('spreads more evenly than random numbers: its star discrepancy is less than half of theirs', () => {
    const mean = (of: (seed: number) => (index: number, dimension: number) => number): number => {
      const all = [1, 2, 3].map((seed) => {
        const number = of(seed)
        return starDiscrepancy(Array.from({ length: 64 }, (_, i) => [number(i, 0), number(i, 1)] as const))
      })
      return all.reduce((sum, one) => sum + one, 0) / all.length
    }
    const quasi = mean(sequence)
    const random = mean((seed) => (index, dimension) => stream(seed, index, dimension).uniform())
    expect(quasi).toBeLessThan(random / 2)
    expect(quasi).toBeLessThan(0.08)
  })

  test('integrates a product of 6 dimensions with less than a third of the error of random numbers', () => {
    const errorOf = (number: (index: number, dimension: number) => number): number => {
      let sum = 0
      for (let i = 0; i < 256; i++) {
        let product = 1
        for (let j = 0; j < 6; j++) product *= 1 + (number(i, j) - 0.5) / (j + 1)
        sum += product
      }
      return (sum / 256 - 1) ** 2
    }
    const seeds = Array.from({ length: 10 }, (_, seed) => seed)
    const quasi = seeds.reduce((sum, seed) => sum + errorOf(sequence(seed)), 0)
    const random = seeds.reduce((sum, seed) => sum + errorOf((i, j) => stream(seed, i, j).uniform()), 0)
    expect(Math.sqrt(quasi)).toBeLessThan(Math.sqrt(random) / 3)
  })

  test('is a function of seed, index and dimension, in [0, 1)', () => {
    const [one, other] = [sequence(3), sequence(3)]
    const forwards = [0, 1, 2, 1000].map((index) => one(index, 4))
    expect([1000, 2, 1, 0].map((index) => other(index, 4)).toReversed()).toEqual(forwards)
    expect(sequence(4)(5, 0)).not.toBe(one(5, 0))
    for (const value of forwards) expect(value >= 0 && value < 1).toBe(true)
  })
})
