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

/**
 * The point that a task is about. Its key is made anew of the files that lie here: a pipeline, a checkpoint, data, a value
 * or a version of this package other than where the task was written gives another key, and is refused.
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
  const points = pointsOf(made.right)
  const keys = await keysOf(
    points.map(({ pipeline }) => ({ pipeline, seed })),
    options.dataDir,
  )
  const found = points[keys.indexOf(key)]
  return found ? E.right(found) : E.left(unknownPoint(file, key))
}

const pointsOf = (made: Runnable): readonly SweepPoint[] => (made.kind === 'sweep' ? made.points : [])

const unknownPoint = (file: string, key: string): PwoaError => ({
  _tag: 'UsageError',
  stage: file,
  expected: `a sweep with the point ${key}`,
  actual: `another plan, other data, other contents of a checkpoint, or another version of pwoa than this one's ${ownVersion()}`,
  hint: 'Every machine needs the same pipeline file, data, checkpoints and version of pwoa.',
})
