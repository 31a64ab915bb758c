import { dirname, resolve } from 'node:path'
import { isLeft, isRight } from 'fp-ts/lib/Either.js'
import { valueOf, valueOfResult } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { gpuPool } from '../../runtime/pointProcess/gpuPool.js'
import { pointInChild } from '../../runtime/pointProcess/pointInChild.js'
import { followQueue } from '../../runtime/queue/follow/followQueue.js'
import { priorities } from '../../runtime/queue/queuedSweep.js'
import { parseQueueUrl, queueVariable } from '../../runtime/queue/queueUrl.js'
import { openRunStorage } from '../../runtime/storage/openRunStorage.js'
import { parseRunsPlace } from '../../runtime/storage/runsPlace.js'
import { startSweep } from '../../runtime/sweep/startSweep.js'
import { chooseSweepFolder } from '../../runtime/sweep/sweepFolder.js'
import type { Sweep, SweepHandle } from '../../runtime/sweep/sweepTypes.js'
import { usageFailure } from '../arguments/usageFailure.js'
import { type Colors, windowSize } from '../draw/terminal.js'
import { interruptible } from '../show/onInterrupt.js'
import type { Screen } from '../show/screen.js'
import { type Showing, showSweep } from '../show/showSweep.js'
import type { Invocation } from './invocation.js'

/**
 * Starts the points of a sweep, in local processes or by a queue, and shows them on the screen.
 *
 * @throws UsageError if the queue's URL is invalid
 */
export const startPoints = async (
  sweep: Sweep,
  invocation: Invocation,
  screen: Screen,
  colors: Colors,
): Promise<SweepHandle> => {
  const showing = { colors, size: () => windowSize(process.stderr), study: sweep.study }
  const { values, options, gpus, attempts = 3 } = invocation
  const workers = invocation.workers ?? gpus?.length ?? 1
  const file = resolve(invocation.file)
  if (invocation.queue !== undefined) return enqueue(sweep, invocation, screen, showing)
  const limits = { point: invocation.pointTimeout, silence: invocation.progressTimeout }
  const runPoint = pointInChild({
    file,
    values,
    workers,
    limits,
    gpus: gpus && gpuPool(gpus),
    secrets: [queueVariable],
  })
  const handle = startSweep(sweep, options, { workers, attempts, runPoint })
  showSweep(handle, screen, { ...showing, where: `${workers} at a time` })
  return handle
}

const enqueue = async (
  sweep: Sweep,
  invocation: Invocation,
  screen: Screen,
  showing: Omit<Showing, 'where'>,
): Promise<SweepHandle> => {
  const { values, options, queue, attempts = 3, pointTimeout, progressTimeout, runs, priority } = invocation
  if (options.log !== undefined)
    throw usageFailure({
      stage: '--log',
      expected: 'no logger beside --queue, because the points run elsewhere: use observe(…) in the pipeline file',
      actual: options.log.join(', '),
    })
  const url = valueOf(parseQueueUrl(queue === true ? undefined : queue, process.env))
  const file = resolve(invocation.file)
  const folder = chooseSweepFolder(sweep.name, options)
  const warn = (message: string): void => screen.line(`warning: --queue: ${message}`)
  const place = valueOf(parseRunsPlace(runs ?? dirname(folder)))
  const storage = await openRunStorage(place, { environment: process.env, checkpoints: {}, say: warn })
  const { runPoint, end, id } = await interruptible((signal) =>
    followQueue({
      ...{
        url,
        file,
        pipelines: invocation.pipelines ?? dirname(file),
        values,
        folder,
        storage,
        attempts,
        warn,
        signal,
      },
      ...{ priority: priority ?? priorities.usual, ...given({ pointTimeout, progressTimeout }) },
    }),
  )
  // All points are in the queue at once, and one attempt each is enough here: the workers limit how many run at a time,
  // and try a crashed point again.
  const handle = startSweep(sweep, options, { workers: sweep.points.length, attempts: 1, runPoint })
  showSweep(handle, screen, { ...showing, where: `by ${url.shown}` })
  const result = handle.result.then(async (ended) => {
    const isDone = isRight(ended) && ended.right.points.every(({ state }) => state === 'done' || state === 'stopped')
    await end(isDone ? 'done' : 'left')
    storage.close()
    const left = id()
    if (isLeft(ended) && ended.left._tag === 'InterruptedError' && left !== undefined)
      screen.line(`the points stay in the queue, and workers go on with them; pwoa-run queue cancel ${left} ends them`)
    return ended
  })
  return { ...handle, result, summary: valueOfResult(result) }
}
