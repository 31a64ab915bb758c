import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../dsl/errors.js'
import type { Runnable } from '../file/definePipeline.js'
import { loadPipelineFile } from '../file/loadPipelineFile.js'
import { makeFromFile } from '../file/makeFromFile.js'
import { fileVersion } from '../folder/plan.js'
import { fileVersionIn } from '../folder/planFile.js'
import { ownVersion } from '../host/ownPackage.js'
import type { PointTask } from '../sweep/pointMessages.js'
import { keysOf } from '../sweep/sweepFolder.js'
import type { SweepPoint } from '../sweep/sweepTypes.js'
import { trialSweep } from '../sweep/trialSweep.js'

/**
 * The point of a task. Its key is computed again from the files on this machine: if the pipeline, a checkpoint, the data,
 * a parameter or the version of this package differs from the machine that wrote the task, so does the key, and the task
 * is refused.
 *
 * @returns a `UsageError` for an unknown key or another version of the file than the task's, or the error of the file
 */
export const pointOfTask = async ({
  file,
  values,
  key,
  seed,
  folder,
  options,
  fileVersion: wanted,
}: PointTask): Promise<Either<PwoaError, SweepPoint>> => {
  const loaded = await loadPipelineFile(file)
  if (E.isLeft(loaded)) return loaded
  if (wanted !== undefined) {
    const now = fileVersion(loaded.right)
    if (now !== wanted) return E.left(otherVersion(file, wanted, now ?? 'none'))
    const begun = fileVersionIn(folder)
    if (begun !== undefined && begun !== wanted) return E.left(begunByOther(folder))
  }
  const made = makeFromFile(loaded.right, values)
  if (E.isLeft(made)) return made
  const points = pointsOf(made.right, options)
  const keys = await keysOf(
    points.map(({ pipeline }) => ({ pipeline, seed })),
    options.dataDir,
  )
  const found = points[keys.indexOf(key)]
  return found ? E.right(found) : E.left(unknownPoint(file, key))
}

const pointsOf = (made: Runnable, { trial }: PointTask['options']): readonly SweepPoint[] => {
  if (made.kind !== 'sweep') return []
  return (trial === undefined ? made : trialSweep(made)).points
}

const otherVersion = (file: string, wanted: string, now: string): PwoaError => ({
  _tag: 'UsageError',
  stage: file,
  expected: `version ${wanted.slice(0, 8)} of the file`,
  actual: `version ${now.slice(0, 8)}`,
})

const begunByOther = (folder: string): PwoaError => ({
  _tag: 'RunError',
  stage: folder,
  expected: 'a run of this version of the pipeline file',
  actual: 'one that another version has begun',
  hint: 'Run the sweep into another folder, or remove this one.',
})

const unknownPoint = (file: string, key: string): PwoaError => ({
  _tag: 'UsageError',
  stage: file,
  expected: `a sweep with the point ${key}`,
  actual: `another plan, other data, other contents of a checkpoint, or another version of pwoa than this one's ${ownVersion()}`,
  hint: 'Every machine needs the same pipeline file, data, checkpoints and version of pwoa.',
})
