import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pointFolder, rowFolder } from '../folder/folderNames.js'
import { folderPlan, hasPlan } from '../folder/planFile.js'
import { labelOf, type PointParams, type PointState, type ResultRow, readResults } from './sweepFiles.js'

/** A run in a folder, started or not. */
export interface FolderRun {
  readonly id: string
  readonly label: string
  /** Its own folder. */
  readonly folder: string
  /** Whether that folder exists. */
  readonly begun: boolean
  /** The parameters and the seed of a sweep's point. */
  readonly params?: PointParams
  /** Its state in the sweep's table. */
  readonly state?: PointState
  /** Why a search does not go on with it. */
  readonly why?: string
}

/**
 * The runs in a run folder: the rows of a comparison, the points of a sweep, or the run itself.
 *
 * @throws OptionError of `stage` for a folder without a plan; FileError for a damaged one
 */
export const folderRuns = (folder: string, stage: string): readonly FolderRun[] => {
  const found = folderPlan(folder, stage)
  if (found.kind === 'comparison') return rowsOf(folder, found.plan.rows)
  if (found.kind === 'sweep') return readResults(folder, stage).map((row) => pointOf(folder, row))
  return [{ id: '0', label: found.plan.pipeline, ...at(folder) }]
}

const at = (folder: string) => ({ folder, begun: hasPlan(folder) })

/** The rows of a comparison, by their labels in order. */
export const rowsOf = (folder: string, labels: readonly string[]): readonly FolderRun[] =>
  labels.map((label, index) => ({ id: String(index), label, ...at(join(folder, rowFolder(label, index))) }))

const pointOf = (folder: string, row: ResultRow): FolderRun => {
  const params = paramsOf(row)
  const { key: id, state, why } = row
  return {
    id,
    label: labelOf(params),
    ...at(pointFolder(folder, id)),
    params,
    state,
    ...(state === 'stopped' && typeof why === 'string' ? { why } : {}),
  }
}

/** The first cells of a row are the parameters, up to the seed. */
const paramsOf = (row: ResultRow): PointParams => {
  const cells = Object.entries(row)
  return Object.fromEntries(cells.slice(0, cells.findIndex(([name]) => name === 'seed') + 1))
}

/** When a file in a folder or in its subfolders was last changed, in milliseconds since 1970; 0 for an empty folder. */
export const lastChange = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
    (latest, name) => Math.max(latest, statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0),
    0,
  )
