import { basename, relative, resolve, sep } from 'node:path'
import type { Queue } from 'bullmq'
import * as E from 'fp-ts/lib/Either.js'
import type { InterruptedError } from '../../dsl/errors.js'
import { wrongField } from '../../dsl/kit/wrongField.js'
import { Summary } from '../../dsl/pipeline/run.js'
import { fileName } from '../folder/folderNames.js'
import { ownVersion } from '../host/ownPackage.js'
import { outageNotices } from '../storage/outageNotices.js'
import { type PointOutcome, type PointPlace, PointProgress } from '../sweep/pointMessages.js'
import type { RunPoint } from '../sweep/runPoint.js'
import { failureOf, jobIdOf, type QueueJob, queueName } from './queueJob.js'
import type { QueueUrl } from './queueUrl.js'

/** How a sweep is enqueued. */
export interface FollowOptions {
  readonly url: QueueUrl
  /** The pipeline file, absolute. */
  readonly file: string
  /** The folder of pipelines that contains it; each worker has a folder like it. */
  readonly pipelines: string
  readonly values: Readonly<Record<string, string>>
  /** The sweep's folder; workers write into a folder of the same name. */
  readonly folder: string
  /** How often a point is started at most, if it crashes. */
  readonly attempts: number
  /** Called when Redis can't be reached, and when it can again. */
  readonly warn: (message: string) => void
}

/** A queue that runs points. */
export interface FollowedQueue {
  readonly runPoint: RunPoint
  readonly close: () => Promise<void>
}

/** Seconds for which the queue keeps finished and failed jobs. */
const REMEMBERED = 7 * 24 * 3600

/** Milliseconds between two checks of all awaited jobs: Redis may have lost jobs or their events. */
const LOOK = 15_000

interface Awaited {
  readonly label: string
  readonly job: QueueJob
  readonly onProgress: (progress: PointProgress) => void
  readonly settle: (outcome: PointOutcome) => void
}

/** Opens a queue. Each point is enqueued once, and followed until a worker on any machine has finished it. */
export const followQueue = async (options: FollowOptions): Promise<FollowedQueue> => {
  const { url, warn } = options
  const { Queue, QueueEvents } = await import('bullmq')
  const { connection } = url
  const queue = new Queue(queueName, { connection })
  const events = new QueueEvents(queueName, { connection })
  const awaited = new Map<string, Awaited>()
  const outage = outageNotices(url.shown, warn)
  queue.on('error', outage.away)
  events.on('error', outage.away)

  const look = async (jobId: string): Promise<void> => {
    const point = awaited.get(jobId)
    if (!point) return
    const job = await queue.getJob(jobId)
    outage.back()
    if (!job) return enqueue(queue, jobId, point.job, options.attempts)
    const state = await job.getState()
    if (state === 'completed') settleDone(point, job.returnvalue)
    if (state === 'failed') point.settle(failed(job.failedReason))
  }
  const lookAgain = (jobId: string): void => void look(jobId).catch(outage.away)

  events.on('completed', ({ jobId, returnvalue }) => {
    const point = awaited.get(jobId)
    if (point) settleDone(point, returnvalue)
  })
  events.on('failed', ({ jobId }) => lookAgain(jobId))
  events.on('progress', ({ jobId, data }) => {
    outage.back()
    const progress = PointProgress.decode(data)
    if (E.isRight(progress)) awaited.get(jobId)?.onProgress(progress.right)
  })
  const timer = setInterval(() => {
    for (const jobId of awaited.keys()) lookAgain(jobId)
  }, LOOK)

  const runPoint: RunPoint = ({ label }, place, onProgress) => {
    const job = jobOf(options, place)
    const jobId = jobIdOf(job)
    const outcome = new Promise<PointOutcome>((resolve) => {
      const settle = (ended: PointOutcome): void => {
        awaited.delete(jobId)
        resolve(ended)
      }
      awaited.set(jobId, { label, job, onProgress, settle })
    })
    void forgetUnusable(queue, jobId)
      .then(() => look(jobId))
      .catch(outage.away)
    return { outcome, stop: () => awaited.get(jobId)?.settle({ type: 'failed', error: left(label) }) }
  }
  return {
    runPoint,
    close: async () => {
      clearInterval(timer)
      await Promise.allSettled([events.disconnect(), queue.disconnect()])
    },
  }
}

const jobOf = (
  { file, pipelines, values, folder }: FollowOptions,
  { key, seed, options: { engine = 'auto' } }: PointPlace,
): QueueJob => ({
  version: ownVersion(),
  file: relative(resolve(pipelines), file).split(sep).join('/'),
  values: { ...values },
  folder: fileName(basename(folder)),
  key,
  seed,
  engine,
})

const enqueue = async (queue: Queue, jobId: string, job: QueueJob, attempts: number): Promise<void> => {
  await queue.add('point', job, {
    jobId,
    attempts,
    backoff: { type: 'exponential', delay: 1000 },
    removeOnComplete: { age: REMEMBERED },
    removeOnFail: { age: REMEMBERED },
  })
}

/** Removes a job that failed in an earlier sweep, or whose result is refused, so that the point is run again. */
const forgetUnusable = async (queue: Queue, jobId: string): Promise<void> => {
  const job = await queue.getJob(jobId)
  const state = await job?.getState()
  if (state === 'failed' || (state === 'completed' && !Summary.is(job?.returnvalue))) await job?.remove()
}

const settleDone = ({ label, settle }: Awaited, result: unknown): void => settle(done(label, result))

/** The result that a worker put into the queue. Anyone who can write to the queue may have put it there. */
const done = (label: string, value: unknown): PointOutcome => {
  const summary = Summary.decode(value)
  if (E.isRight(summary)) return { type: 'done', summary: summary.right }
  const { path, expected, actual } = wrongField(summary.left)
  return {
    type: 'failed',
    error: {
      _tag: 'RunError',
      stage: label,
      expected:
        path === '' ? 'a summary as the result in the queue' : `${expected} as ${path} of the result in the queue`,
      actual,
      hint: 'Run the sweep again: the point is then run anew.',
    },
  }
}

const failed = (reason: string | undefined): PointOutcome => {
  const failure = failureOf(reason ?? 'no reason')
  return typeof failure === 'string' ? { type: 'crashed', reason: failure } : { type: 'failed', error: failure }
}

const left = (label: string): InterruptedError => ({
  _tag: 'InterruptedError',
  stage: label,
  expected: 'to be followed to the end',
  actual: 'an interruption; the job stays in the queue',
})
