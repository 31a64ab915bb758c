import { join } from 'node:path'
import { TrainingMetrics } from '../../dsl/step.js'
import { runFiles } from '../folder/folderNames.js'
import { folderPlan } from '../folder/planFile.js'
import { folderRuns } from '../records/folderRuns.js'
import { readLines } from '../records/readLines.js'
import { readResults } from '../records/sweepFiles.js'

/** A value in a table; undefined where a row has none. */
export type Cell = number | string | boolean | undefined

/** A table: its columns, with a cell for each row. */
export interface ResultTable {
  readonly name: 'points' | 'steps'
  readonly rows: number
  readonly columns: ReadonlyMap<string, readonly Cell[]>
}

/**
 * The points of a sweep, a row each: parameters, seed, state, figures, key. For the folder of a single run or a comparison
 * a row for each run.
 *
 * @throws OptionError for a folder without a plan; FileError for damaged files
 */
export const pointTable = (folder: string, stage: string): ResultTable => {
  const rows: readonly Readonly<Record<string, Cell>>[] =
    folderPlan(folder, stage).kind === 'sweep'
      ? readResults(folder, stage)
      : folderRuns(folder, stage).map(({ label }) => ({ run: label }))
  return tableOf('points', rows)
}

/**
 * The training steps of all runs in a folder, a row each, in the order of the runs: the run's key or label, and what
 * `metrics.jsonl` has.
 *
 * @throws as {@link pointTable}
 */
export const stepTable = async (folder: string, stage: string): Promise<ResultTable> => {
  const rows: Readonly<Record<string, Cell>>[] = []
  for (const { id, label, folder: own, begun } of folderRuns(folder, stage)) {
    if (!begun) continue
    for await (const metrics of readLines(TrainingMetrics, join(own, runFiles.metrics)))
      rows.push({ key: id, run: label, ...Object.fromEntries(leaves('', metrics)) })
  }
  return tableOf('steps', rows)
}

/** The single values in a line of metrics, by their paths: `terms.robust`. */
const leaves = (path: string, value: unknown): readonly (readonly [string, Cell])[] => {
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, part]) => leaves(path === '' ? name : `${path}.${name}`, part))
}

const tableOf = (name: ResultTable['name'], rows: readonly Readonly<Record<string, Cell>>[]): ResultTable => {
  const names = new Set(rows.flatMap((row) => Object.keys(row)))
  return { name, rows: rows.length, columns: new Map([...names].map((one) => [one, rows.map((row) => row[one])])) }
}

/** The type of a column: `text` if its cells are of several types. */
export type ColumnType = 'number' | 'boolean' | 'text'

/** The type that all cells of a column have; columns without cells are text. */
export const typeOfColumn = (cells: readonly Cell[]): ColumnType => {
  const types = new Set(cells.flatMap((cell) => (cell === undefined ? [] : [typeof cell])))
  if (types.size !== 1) return 'text'
  if (types.has('number')) return 'number'
  return types.has('boolean') ? 'boolean' : 'text'
}
