import { setTimeout as sleep } from 'node:timers/promises'
import { toPwoaError } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import type { Target } from '../../search/target.js'
import type { PointName, RunStorage } from '../../storage/runStorage.js'
import type { PointOutcome } from '../../sweep/pointMessages.js'
import { ofOtherVersion } from '../queueJob.js'

/** Milliseconds between two looks for a result. A directory of a network may show a new file some seconds late. */
const LOOKS = [250, 500, 1000, 2000, 4000, 8000] as const

/**
 * The result of a point that a queue reports as done. It counts only if the storage has it: anyone who can write to the
 * queue can say that a point is done.
 *
 * @param fileVersion the version of the pipeline file that the run must have
 * @param target how far the point was to run, in a search
 */
export const resultOfPoint = async (
  storage: Pick<RunStorage, 'shown' | 'finished' | 'reached'>,
  point: PointName,
  fileVersion: string,
  looks: readonly number[] = LOOKS,
  target?: Target,
): Promise<PointOutcome> => {
  try {
    for (const wait of [0, ...looks]) {
      if (wait > 0) await sleep(wait)
      const [finished, reached] = [await storage.finished(point), target && (await storage.reached(point, target))]
      const found = finished ?? reached
      if (!found || (target?.divisor === 1 && !finished)) continue
      if (found.fileVersion !== fileVersion) return { type: 'failed', error: ofOtherVersion(storage, point) }
      if (finished) return { type: 'done', summary: finished.summary, ...given({ reached: reached?.reached }) }
      if (reached) return { type: 'paused', reached: reached.reached }
    }
  } catch (thrown) {
    return { type: 'failed', error: toPwoaError('--queue', thrown) }
  }
  return { type: 'failed', error: missing(storage.shown, point) }
}

const missing = (shown: string, { sweep, key }: PointName) =>
  ({
    _tag: 'RunError',
    stage: '--queue',
    expected: `the result of a point that the queue reports as done, in ${shown}`,
    actual: `none at ${sweep}/points/${key}`,
    hint: 'Name the place of the runs as the workers do: --runs, a folder or s3://bucket/prefix.',
  }) as const
