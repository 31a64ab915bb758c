import { join } from 'node:path'
import * as t from 'io-ts'
import { valueOf } from '../../dsl/errors.js'
import { objectCodec, recordCodec, textCodec, unknownFields, wordCodec } from '../../dsl/kit/codecOf.js'
import { seedCodec } from '../../dsl/kit/figureCodecs.js'
import { drawnNamed } from '../../dsl/kit/radius.js'
import { readJsonFile } from '../../io/files/jsonFile.js'
import { SearchSummary } from '../../report/study/searchTable.js'
import { Study } from '../../report/study/study.js'

/** A parameter of a point: the contents of one cell of a table. */
export type PointValue = number | string | boolean

/** The codec of {@link PointValue}. */
export const PointValue: t.Type<PointValue> = t.union([t.number, t.string, t.boolean])

/** The parameters of one point. */
export type PointParams = Readonly<Record<string, PointValue>>

/** The codec of {@link PointParams}. */
export const PointParams: t.Type<PointParams> = recordCodec(PointValue)

/** A point in a few words: `rate=4 seed=0`. */
export const labelOf = (point: PointParams): string =>
  Object.entries(point)
    .map(([key, value]) => `${key}=${drawnNamed(key, value)}`)
    .join(' ') || 'the only point'

/** The codec of a point's key, as `keyOf` makes it. A key names a folder, so each one from outside is checked. */
export const pointKey = textCodec('the key of a point: 20 hexadecimal digits', /^[0-9a-f]{20}$/)

/** The state of a point; `stopped` is one that a search does not go on with. */
export type PointState = 'waiting' | 'running' | 'done' | 'failed' | 'stopped'

/** The codec of {@link PointState}. */
export const PointState: t.Type<PointState> = wordCodec('"waiting", "running", "done", "failed" or "stopped"', [
  'waiting',
  'running',
  'done',
  'failed',
  'stopped',
])

/** The file of a sweep's table. It has a row for each point from the start of the sweep. */
export const resultsFile = 'results.json'

const resultRow = t.intersection([
  objectCodec({ seed: seedCodec, state: PointState, key: pointKey }),
  // The point's other parameters come before the seed, its figures after the state.
  recordCodec(PointValue),
])

/** A row of `results.json`. */
export type ResultRow = t.TypeOf<typeof resultRow>

/** The file of a study: how its points are compared, what they were measured on, and its table. */
export const studyFile = 'study.json'

/** The file of a search: its points, ranked. */
export const searchFile = 'search.json'

const storedStudy = objectCodec({ study: Study, caption: t.string, rows: t.readonlyArray(unknownFields) })

/** The fields of `study.json` that are read back. */
export interface StoredStudy extends t.TypeOf<typeof storedStudy> {}

const hint = 'Remove the file: running the sweep again writes it anew.'

/**
 * The rows of a sweep's table; none if there is no table yet.
 *
 * @throws FileError for a damaged table
 */
export const readResults = (folder: string, stage: string): readonly ResultRow[] =>
  valueOf(readJsonFile(t.readonlyArray(resultRow), { stage, file: join(folder, resultsFile), hint })) ?? []

/**
 * The points of a search, ranked; undefined if there is no `search.json`, or not yet.
 *
 * @throws FileError for a damaged one
 */
export const readSearch = (folder: string, stage: string): SearchSummary | undefined =>
  valueOf(readJsonFile(SearchSummary, { stage, file: join(folder, searchFile), hint }))

/**
 * A sweep's study; undefined if there is no `study.json`, or not yet.
 *
 * @throws FileError for a damaged one
 */
export const readStudy = (folder: string, stage: string): StoredStudy | undefined =>
  valueOf(readJsonFile(storedStudy, { stage, file: join(folder, studyFile), hint }))
