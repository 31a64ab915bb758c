import { join } from 'node:path'
import * as t from 'io-ts'

/** What a parameter of a point can be: what stands in one cell of a table. */
export type PointValue = number | string | boolean

/** The parameters of one point. */
export type PointParams = Readonly<Record<string, PointValue>>

/** A point in a few words: `rate=4 seed=0`. */
export const labelOf = (point: PointParams): string =>
  Object.entries(point)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ') || 'the only point'

/** What `keyOf` makes. It names a folder: whatever says one is held to this. */
export const pointKey = new t.Type<string>(
  'a key',
  t.string.is,
  (input, context) =>
    typeof input === 'string' && /^[0-9a-f]{20}$/.test(input) ? t.success(input) : t.failure(input, context),
  t.identity,
)

/** The run folder of a point. */
export const pointFolder = (folder: string, key: string): string => join(folder, 'points', key)

/** `plan.json` of a sweep. */
export const storedSweep = t.type({ sweep: t.string })

/** Its table, a row for each point, from its beginning on. */
export const resultsFile = 'results.json'

/** Of a study: how its points are set side by side, what they were measured on, and its table. */
export const studyFile = 'study.json'
