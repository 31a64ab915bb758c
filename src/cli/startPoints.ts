import { dirname, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { PwoaFailure } from '../dsl/errors.js'
import { pointInChild } from '../runtime/pointProcess/pointInChild.js'
import { followQueue } from '../runtime/queue/followQueue.js'
import { parseQueueUrl, queueVariable } from '../runtime/queue/queueUrl.js'
import { startSweep } from '../runtime/sweep/startSweep.js'
import { chooseSweepFolder } from '../runtime/sweep/sweepFolder.js'
import type { Sweep, SweepHandle } from '../runtime/sweep/sweepTypes.js'
import type { Colors } from './colors.js'
import type { Invocation } from './invocation.js'
import type { Screen } from './screen.js'
import { type Showing, showSweep } from './showSweep.js'
import { windowSize } from './windowSize.js'

/** Starts a sweep's points, in processes here or by a queue. Throws where the queue is none. */
export const startPoints = async (
  sweep: Sweep,
  invocation: Invocation,
  screen: Screen,
  colors: Colors,
): Promise<SweepHandle> => {
  const showing = { colors, size: () => windowSize(process.stderr), study: sweep.study }
  const { values, options, workers = 1, attempts = 3 } = invocation
  const file = resolve(invocation.file)
  if (invocation.queue !== undefined) return enqueue(sweep, invocation, screen, showing)
  const runPoint = pointInChild({ file, values, workers, secrets: [queueVariable] })
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
  const { values, options, queue, attempts = 3 } = invocation
  const url = parseQueueUrl(queue === true ? undefined : queue, process.env)
  if (E.isLeft(url)) throw new PwoaFailure(url.left)
  const file = resolve(invocation.file)
  const { runPoint } = await followQueue({
    url: url.right,
    file,
    pipelines: invocation.pipelines ?? dirname(file),
    values,
    folder: chooseSweepFolder(sweep.name, options),
    attempts,
    warn: (message) => screen.line(`warning: --queue: ${message}`),
  })
  // The queue holds them all: how many are run at a time is for the workers to say, and a crash is tried again there.
  const handle = startSweep(sweep, options, { workers: sweep.points.length, attempts: 1, runPoint })
  showSweep(handle, screen, { ...showing, where: `by ${url.right.shown}` })
  return handle
}
