import { rejectOption } from '../../dsl/errors.js'
import { haltonSequence } from '../../math/halton.js'
import { stream } from '../../math/random.js'
import { labelOf, type PointParams, type PointValue } from '../records/sweepFiles.js'
import { numberAt, type Range } from './range.js'

/** What a search draws each parameter from: a range, or a list of values. */
export type Space = Readonly<Record<string, Range | readonly PointValue[]>>

/** How points are drawn: each on its own, or spread evenly. */
export type Sampling = 'random' | 'quasi-random'

/** How often in a row a point may be drawn that is there already, before there count as no others. */
const MOST_REPEATED = 10_000

/**
 * Draws different points. Each depends only on the seed and on how many were drawn before it: with a larger number the
 * first ones stay.
 *
 * @throws OptionError for an empty space, or one with fewer points
 */
export const drawPoints = (
  space: Space,
  { points: count, sampling, seed }: { readonly points: number; readonly sampling: Sampling; readonly seed: number },
): readonly PointParams[] => {
  const entries = Object.entries(space)
  checkSpace(entries)
  const size = sizeOf(Object.values(space))
  if (size < count) rejectOption('search', `at most ${size} points, as many as differ`, count)
  const quasi = haltonSequence((dimension, digit) => stream(seed, 'halton', dimension, digit))
  const shareOf = (index: number, name: string, dimension: number): number =>
    sampling === 'random' ? stream(seed, 'search', index, name).uniform() : quasi(index, dimension)
  const found = new Map<string, PointParams>()
  let repeated = 0
  for (let index = 0; found.size < count; index++) {
    const point = Object.fromEntries(
      entries.map(([name, values], dimension) => [name, valueAt(values, shareOf(index, name, dimension))]),
    )
    repeated = found.has(labelOf(point)) ? repeated + 1 : 0
    if (repeated > MOST_REPEATED) rejectOption('search', `at most ${found.size} points, as many as were found`, count)
    if (repeated === 0) found.set(labelOf(point), point)
  }
  return [...found.values()]
}

const isRange = (values: Range | readonly PointValue[]): values is Range => !Array.isArray(values)

const valueAt = (values: Range | readonly PointValue[], share: number): PointValue => {
  if (isRange(values)) return numberAt(values, share)
  return values[Math.floor(share * values.length)] ?? ''
}

const checkSpace = (entries: readonly (readonly [string, Range | readonly PointValue[]])[]): void => {
  if (entries.length === 0) rejectOption('search', 'at least one parameter', 'none')
  for (const [name, values] of entries) {
    if (name === 'seed') rejectOption('search', 'seeds by the option seeds', 'a parameter seed')
    if (Array.isArray(values) ? values.length === 0 : !('kind' in values && values.kind === 'range'))
      rejectOption('search', `${name} to be range(…) or a list with values`, values)
  }
}

/** How many different points there are; infinite with a range of real numbers. */
const sizeOf = (all: readonly (Range | readonly PointValue[])[]): number =>
  all.reduce((size, values) => {
    if (!isRange(values)) return size * new Set(values).size
    return size * (values.numbers === 'whole' ? values.most - values.least + 1 : Number.POSITIVE_INFINITY)
  }, 1)
