import { rejectOption } from '../../dsl/errors.js'
import { labelOf, type PointParams } from '../records/sweepFiles.js'

/** A list of values for each parameter: every combination is a point. */
export type Grid<P> = { readonly [K in keyof P]: readonly P[K][] }

/** Every combination, the last parameter changing fastest. */
export const combinations = (grid: Grid<PointParams>): readonly PointParams[] =>
  Object.entries(grid).reduce<readonly PointParams[]>(
    (points, [key, values]) => points.flatMap((point) => values.map((value) => ({ ...point, [key]: value }))),
    [{}],
  )

/**
 * Checks the points of a sweep.
 *
 * @throws OptionError for no points, a point twice, a value that is not a number, text or boolean, or an invalid seed
 */
export const checkPoints = (points: readonly PointParams[]): void => {
  if (points.length === 0) rejectOption('sweep', 'at least one point', 'none')
  const labels = new Set<string>()
  for (const point of points) {
    const label = labelOf(point)
    for (const value of Object.values(point))
      if (!isValue(value)) rejectOption('sweep', 'numbers, texts, true and false as parameters', label)
    if (labels.has(label)) rejectOption('sweep', 'each point once', `${label} twice`)
    labels.add(label)
    seedOf(point)
  }
}

const isValue = (value: unknown): boolean =>
  typeof value === 'number' ? Number.isFinite(value) : ['string', 'boolean'].includes(typeof value)

/** The parameter `seed`, the seed of the point's run; undefined if the point has no such parameter. @throws OptionError */
export const seedOf = ({ seed }: PointParams): number | undefined => {
  if (seed === undefined) return undefined
  if (typeof seed === 'number' && Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed
  return rejectOption('sweep', 'a seed from 0 to 4294967295', seed)
}
