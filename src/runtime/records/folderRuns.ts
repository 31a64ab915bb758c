import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { fileName, isRunFolder, readJson, readPlan, runFiles } from '../folder/runFolder.js'
import { labelOf, type PointParams, pointFolder, pointKey, resultsFile, storedSweep } from './sweepFiles.js'

/** A run in a folder, begun or not. */
export interface FolderRun {
  readonly id: string
  readonly label: string
  /** Its own folder. */
  readonly folder: string
  /** Whether that is there. */
  readonly begun: boolean
  /** Its parameters and its seed, where it is a point of a sweep. */
  readonly params?: PointParams
  /** What the sweep says of it. */
  readonly state?: string
}

/**
 * The runs in a run folder: the rows of a comparison, the points of a sweep, or the run itself.
 *
 * Throws an `OptionError` of `stage` where the folder is none.
 */
export const folderRuns = (folder: string, stage: string): readonly FolderRun[] => {
  const plan = readJson(join(folder, runFiles.plan))
  const comparison = comparisonPlan.decode(plan)
  if (E.isRight(comparison)) return rowsOf(folder, comparison.right.rows)
  if (storedSweep.is(plan)) return pointsOf(folder)
  return [{ id: '0', label: readPlan(folder, stage).pipeline, ...at(folder) }]
}

/** Whether it is a folder of a comparison, a sweep or a run. */
export const holdsRuns = (folder: string): boolean => {
  const plan = readJson(join(folder, runFiles.plan))
  return comparisonPlan.is(plan) || storedSweep.is(plan) || isRunFolder(folder)
}

const at = (folder: string) => ({ folder, begun: existsSync(join(folder, runFiles.plan)) })

/** `plan.json` of a comparison. */
export const comparisonPlan = t.type({ comparison: t.string, params: t.UnknownRecord, rows: t.array(t.string) })

/** The rows of a comparison, by their labels in order. */
export const rowsOf = (folder: string, labels: readonly string[]): readonly FolderRun[] =>
  labels.map((label, index) => ({ id: String(index), label, ...at(join(folder, rowFolder(label, index))) }))

/** The folder of a comparison's row, inside the comparison's. */
export const rowFolder = (label: string, index: number): string => `${index + 1}-${fileName(label)}`

const results = t.array(t.intersection([t.type({ key: pointKey, seed: t.number, state: t.string }), t.UnknownRecord]))

/** As the sweep's table lists them; none before it has written that. */
const pointsOf = (folder: string): readonly FolderRun[] => {
  const rows = results.decode(readJson(join(folder, resultsFile)))
  if (E.isLeft(rows)) return []
  return rows.right.map((row) => {
    const params = paramsOf(row)
    return { id: row.key, label: labelOf(params), ...at(pointFolder(folder, row.key)), params, state: row.state }
  })
}

const value = t.union([t.number, t.string, t.boolean])

/** A row begins with the parameters; the last of them is the seed. */
const paramsOf = (row: Readonly<Record<string, unknown>>): PointParams => {
  const cells = Object.entries(row)
  const last = cells.findIndex(([name]) => name === 'seed')
  return Object.fromEntries(cells.slice(0, last + 1).flatMap(([name, cell]) => (value.is(cell) ? [[name, cell]] : [])))
}

/** Names in a folder; none where it can't be read. */
export const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** When anything in a folder or in those below it was last changed, in milliseconds since 1970; 0 for none. */
export const lastChange = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
    (latest, name) => Math.max(latest, statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0),
    0,
  )
