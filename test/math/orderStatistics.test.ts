import fc from 'fast-check'
import { expect, it } from 'vitest'
import { median, neighboursAt } from '../../src/math/orderStatistics.js'

const numbers = fc.oneof(
  fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 60 }),
  // Many equal values, as among pruned weights.
  fc.array(fc.constantFrom(0, 0, 0, 1, 2), { minLength: 1, maxLength: 60 }),
)

it('neighboursAt finds what sorting finds, for any order and any ties, and does not change its input', () => {
  fc.assert(
    fc.property(numbers, fc.nat(), (values, anyPlace) => {
      const k = anyPlace % values.length
      const given = Float64Array.from(values, (value) => value + 0)
      const sorted = given.slice().sort()
      const before = given.slice()
      expect(neighboursAt(given, k)).toEqual([sorted[k], sorted[Math.min(k + 1, sorted.length - 1)]])
      expect(given).toEqual(before)
    }),
    { numRuns: 500, seed: 3 },
  )
})

it('neighboursAt does so for long lists that are sorted, reversed or all equal', () => {
  const length = 100_000
  const lists = [(i: number) => i, (i: number) => -i, () => 1, (i: number) => Math.abs(i - length / 2)]
  for (const list of lists) {
    const values = Float64Array.from({ length }, (_, i) => list(i))
    const sorted = values.slice().sort()
    for (const k of [0, 1234, length - 1])
      expect(neighboursAt(values, k)).toEqual([sorted[k], sorted[Math.min(k + 1, length - 1)]])
  }
})

it('median is the middle value, or the mean of the middle two', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7]), median([])]).toEqual([2, 2.5, 7, 0])
})
