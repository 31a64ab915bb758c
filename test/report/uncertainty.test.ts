import { expect, it } from 'vitest'
import { widestError } from '../../src/report/tables/uncertainty.js'

/** Wilson's interval of `hits` of `examples`, by its formula for any share. */
const wilson = (hits: number, examples: number): readonly [number, number] => {
  const [z, p] = [1.96, hits / examples]
  const middle = (p + z ** 2 / (2 * examples)) / (1 + z ** 2 / examples)
  const half = (z / (1 + z ** 2 / examples)) * Math.sqrt((p * (1 - p)) / examples + (z / (2 * examples)) ** 2)
  return [middle - half, middle + half]
}

it.each([1, 40, 100, 1000])('is half the width of the widest interval for %i images', (examples) => {
  const widths = Array.from({ length: examples + 1 }, (_, hits) => {
    const [low, high] = wilson(hits, examples)
    return (high - low) / 2
  })
  expect(Math.max(...widths)).toBeLessThanOrEqual(widestError(examples) + 1e-12)
  const [low, high] = wilson(examples / 2, examples)
  expect((high - low) / 2).toBeCloseTo(widestError(examples), 12)
})
