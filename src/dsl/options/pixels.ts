import type { Extent } from '../kit/extent.js'
import { guarded, type Option } from './option.js'

/** An option: a whole number of pixels of at least `least`, or one along each axis: `[height, width]`. */
export const pixels = (least: number): Option<Extent> => {
  const isWhole = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= least
  return guarded(
    {
      expected: (name) => `${name} to be a whole number >= ${least}, or two: [height, width]`,
      unit: 'pixels',
    },
    (value): value is Extent => isWhole(value) || (Array.isArray(value) && value.length === 2 && value.every(isWhole)),
  )
}
