import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../dsl/errors.js'
import type { Runnable } from '../file/definePipeline.js'
import { loadPipelineFile } from '../file/loadPipelineFile.js'
import { makeFromFile } from '../file/makeFromFile.js'
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
 * @returns a `UsageError` for an unknown key, or the error of the pipeline file
 */
export const pointOfTask = async ({
  file,
  values,
  key,
  seed,
  options,
}: PointTask): Promise<Either<PwoaError, SweepPoint>> => {
  const loaded = await loadPipelineFile(file)
  if (E.isLeft(loaded)) return loaded
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

const unknownPoint = (file: string, key: string): PwoaError => ({
  _tag: 'UsageError',
  stage: file,
  expected: `a sweep with the point ${key}`,
  actual: `another plan, other data, other contents of a checkpoint, or another version of pwoa than this one's ${ownVersion()}`,
  hint: 'Every machine needs the same pipeline file, data, checkpoints and version of pwoa.',
})
