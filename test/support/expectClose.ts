/** Lists of numbers beside golden ones. */
import { expect } from 'vitest'
import type { NamedTensors } from '../../src/models/parameters/weights.js'

/** The largest difference is below the tolerance, in units of the largest golden value. */
export const expectClose = (
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void => {
  expect(found.length, what).toBe(expected.length)
  const scale = Math.max(...Array.from(expected, Math.abs))
  const gap = Math.max(...Array.from(expected, (value, i) => Math.abs(Number(found[i]) - value)))
  expect(gap / scale, what).toBeLessThan(tolerance)
}

/** The same of each tensor that the golden values name. */
export const expectEach = (
  found: NamedTensors,
  expected: Readonly<Record<string, readonly number[]>>,
  tolerance: number,
): void => {
  for (const [name, values] of Object.entries(expected))
    expectClose(found.get(name)?.data ?? [], values, tolerance, name)
}
