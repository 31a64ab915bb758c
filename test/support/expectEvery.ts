/** Checks of lists that report the offending items, and that an empty list can't pass. */
import { expect } from 'vitest'

/** The items of a list that must not be empty. @throws Error for an empty list: a loop over it would check nothing */
export const nonEmpty = <T>(items: Iterable<T>): readonly T[] => {
  const all = [...items]
  if (all.length === 0) throw new Error('an empty list, which would check nothing')
  return all
}

/** Every value satisfies `holds`. Fails with the first values that do not, and with an empty list. */
export const expectEvery = <T>(
  values: Iterable<T>,
  holds: (value: T, index: number) => boolean,
  what?: string,
): void => {
  const broken = nonEmpty(values).flatMap((value, index) => (holds(value, index) ? [] : [{ index, value }]))
  expect(broken.slice(0, 5), what).toEqual([])
}

/** Pixels lie in [0, 1]. */
export const isPixel = (value: number): boolean => value >= 0 && value <= 1
