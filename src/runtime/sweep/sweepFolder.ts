import { join, resolve } from 'node:path'
import { rejectOption, valueOf } from '../../dsl/errors.js'
import type { RunOptions } from '../../dsl/pipeline/run.js'
import { sha256Of } from '../../io/files/hash.js'
import { type FolderLock, lockFolder } from '../folder/folderLock.js'
import { fileName, runFiles } from '../folder/folderNames.js'
import { planOf } from '../folder/plan.js'
import { readFolderPlan } from '../folder/planFile.js'
import { createRunFolder } from '../folder/runFolder.js'
import { ownVersion } from '../host/ownPackage.js'
import type { Sweep, SweepPoint } from './sweepTypes.js'

/** The folder of a sweep, absolute: the one asked for, or `runs/<name>`, which a later sweep of that name continues. */
export const chooseSweepFolder = (name: string, { out, resume }: Pick<RunOptions, 'out' | 'resume'>): string =>
  resolve(resume ?? out ?? join('runs', fileName(name)))

/**
 * A point's key: a hash of its plan, parameters, seed, the version of this package, and the contents of the checkpoints
 * and data files, but not of their paths. A published or generated data set counts by its name and options. 20
 * hexadecimal digits.
 *
 * @param data the contents of the data's files, as the source describes them
 */
export const keyOf = (
  { pipeline }: Pick<SweepPoint, 'pipeline'>,
  seed: number,
  data?: string,
  version = ownVersion(),
): string => {
  const facts = [version, planOf(pipeline, seed).hash, ...(data === undefined ? [] : [{ data }])]
  return sha256Of(JSON.stringify(facts)).slice(0, 20)
}

/** A point's pipeline and its seed. */
export interface SeededPoint {
  readonly pipeline: SweepPoint['pipeline']
  readonly seed: number
}

/** The keys of points, with the data in this folder. */
export const keysOf = async (
  points: readonly SeededPoint[],
  dataDir: string | undefined,
): Promise<readonly string[]> => {
  const context = { dataDir: dataDir === undefined ? undefined : resolve(dataDir) }
  // Points mostly share their data: a folder of many files is read only once.
  const asked = new Map<string, Promise<string | undefined> | undefined>()
  const dataOf = ({ source }: SeededPoint['pipeline']): Promise<string | undefined> | undefined => {
    const name = JSON.stringify([source.name, source.config])
    if (!asked.has(name)) asked.set(name, source.contents?.(context))
    return asked.get(name)
  }
  const keys: string[] = []
  for (const point of points) keys.push(keyOf(point, point.seed, await dataOf(point.pipeline)))
  return keys
}

/** Losing this lock does no harm: each point's run has its own. */
const ignored = (): void => undefined

/**
 * Opens a new folder, or that of an earlier sweep of the same name. The caller releases the lock.
 *
 * @throws OptionError for a folder of anything else, or in use; FileError for a damaged plan; WriteError
 */
export const openSweepFolder = async (sweep: Sweep, folder: string, options: RunOptions): Promise<FolderLock> => {
  if (options.resume !== undefined && options.out !== undefined)
    rejectOption('out', 'nothing beside the option resume', options.out)
  const option = options.resume === undefined ? 'out' : 'resume'
  const found = valueOf(readFolderPlan(folder, option))
  if (!found && options.resume === undefined) return createRunFolder(folder, { sweep: sweep.name }, ignored)
  if (found?.kind !== 'sweep') return rejectOption(option, `the folder of a sweep, with a ${runFiles.plan}`, folder)
  if (found.plan.sweep !== sweep.name) rejectOption(option, `the sweep ${sweep.name}`, found.plan.sweep)
  return lockFolder(folder, option, ignored)
}
