import type { Queue, QueueEvents } from 'bullmq'
import * as E from 'fp-ts/lib/Either.js'
import { PwoaFailure } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import type { RunOptions } from '../../../dsl/pipeline/run.js'
import { fileVersion } from '../../folder/plan.js'
import type { RunStorage } from '../../storage/runStorage.js'
import { type PointOutcome, PointProgress } from '../../sweep/pointMessages.js'
import type { RunPoint } from '../../sweep/runPoint.js'
import { openRedis } from '../openRedis.js'
import { type QueuedSweep, queueNameOf } from '../queuedSweep.js'
import type { QueueJob } from '../queueJob.js'
import type { QueueUrl } from '../queueUrl.js'
import { openQueue, removeQueue } from '../sweepQueues.js'
import { sweepRegistry } from '../sweepRegistry.js'
import { cancelled, failed, left } from './endings.js'
import { addJobs, allIn, countsOf, endedIn } from './enqueuePoints.js'
import { type RegisterOptions, registerSweep } from './registerSweep.js'
import { resultOfPoint } from './resultOfPoint.js'

/** How a sweep is enqueued. */
export interface FollowOptions extends RegisterOptions {
  readonly url: QueueUrl
  /** Where the workers keep the runs. */
  readonly storage: Pick<RunStorage, 'shown' | 'finished' | 'reached'>
  /** How often a point is started at most, if it crashes. */
  readonly attempts: number
  /** Called when Redis can't be reached, when it can again, and with what workers refuse. */
  readonly warn: (message: string) => void
  /** Ends the wait for Redis at the start. */
  readonly signal?: AbortSignal
}

/** A queue that runs points. */
export interface FollowedQueue {
  readonly runPoint: RunPoint
  /** The sweep's id in the queue; undefined if nothing was enqueued. */
  readonly id: () => string | undefined
  /** Ends the following. `done`: removes the sweep from the queue; `left`: its jobs stay, and workers go on with them. */
  readonly end: (how: 'done' | 'left') => Promise<void>
}

/** Milliseconds between two checks: Redis may have lost jobs or their events. A check costs some commands. */
const CHECK = 10_000

/** Milliseconds until the first check: by then idle workers have refused what they can't run. */
const FIRST_CHECK = 4000

/** Milliseconds after which points are enqueued again if Redis has refused them. */
const AGAIN = 5000

interface Awaited {
  readonly job: QueueJob
  /** The pipeline, which knows the version of its file. */
  readonly pipeline: object
  readonly trial: RunOptions['trial']
  readonly onProgress: (progress: PointProgress) => void
  readonly settle: (outcome: PointOutcome) => void
}

/** A sweep that is in the queue. */
interface Enqueued {
  readonly sweep: QueuedSweep
  readonly queue: Queue
  readonly events: QueueEvents
}

/** Opens a queue. Each point is enqueued once, and followed until a worker on any machine has finished it. */
export const followQueue = async (options: FollowOptions): Promise<FollowedQueue> => {
  const { url, warn, attempts, storage } = options
  const link = await openRedis(url, warn, options.signal)
  const registry = sweepRegistry(link.client)
  const awaited = new Map<string, Awaited>()
  const fresh: Awaited[] = []
  const warned = new Set<string>()
  /** Points of this sweep that have ended, and whose jobs are still in the queue. */
  const ended = new Set<string>()
  /** Points whose job is in the queue: what ended before is of an earlier job. */
  const queued = new Set<string>()
  let opened: Promise<Enqueued> | undefined
  let id: string | undefined
  let isClosed = false

  const settle = (key: string, outcome: PointOutcome): void => {
    ended.add(key)
    queued.delete(key)
    awaited.get(key)?.settle(outcome)
    awaited.delete(key)
  }
  const settleDone = async (key: string, { sweep, queue }: Enqueued): Promise<void> => {
    const one = queued.has(key) ? awaited.get(key) : undefined
    if (!one) return
    const outcome = await resultOfPoint(
      storage,
      { sweep: sweep.folder, key },
      sweep.fileVersion,
      undefined,
      one.job.target,
    )
    // A late message about an earlier rung: the job of this one is still under way.
    const job = one.job.target && outcome.type === 'failed' ? await queue.getJob(key) : undefined
    if (job && job.finishedOn === undefined) return
    if (awaited.get(key) === one) settle(key, outcome)
  }
  const look = async (key: string, opened: Enqueued): Promise<void> => {
    const job = queued.has(key) ? await opened.queue.getJob(key) : undefined
    if (!job) return
    if (job.finishedOn !== undefined && job.failedReason) settle(key, failed(job.failedReason))
    else if (job.finishedOn !== undefined) await settleDone(key, opened)
  }

  const listen = (enqueued: Enqueued): void => {
    const { events } = enqueued
    events.on('error', link.notices.failed)
    events.on('completed', ({ jobId }) => void settleDone(jobId, enqueued).catch(link.notices.failed))
    events.on('failed', ({ jobId }) => void look(jobId, enqueued).catch(link.notices.failed))
    events.on('progress', ({ jobId, data }) => {
      const progress = PointProgress.decode(data)
      if (E.isRight(progress)) awaited.get(jobId)?.onProgress(progress.right)
    })
  }
  const open = async ({ pipeline, trial }: Awaited): Promise<Enqueued> => {
    const sweep = await registerSweep(registry, link, options, fileVersion(pipeline) ?? '', trial)
    id = sweep.id
    const { QueueEvents } = await import('bullmq')
    const queue = await openQueue(link, sweep.id)
    const events = new QueueEvents(queueNameOf(sweep.id), { connection: url.connection })
    const enqueued = { sweep, queue, events }
    listen(enqueued)
    await events.waitUntilReady()
    return enqueued
  }

  /** Enqueues the points that were asked for since the last call. Those that ended in an earlier sweep are run again. */
  const enqueue = async (points: readonly Awaited[], first: Awaited): Promise<void> => {
    opened ??= open(first)
    const { sweep, queue } = await opened
    for (const key of await endedIn(queue)) {
      if (awaited.has(key)) await queue.remove(key)
      else ended.add(key)
    }
    for (const { job } of points) {
      ended.delete(job.key)
      queued.add(job.key)
    }
    await registry.put({ ...sweep, points: awaited.size + ended.size })
    await addJobs(
      queue,
      points.map(({ job }) => job),
      attempts,
    )
  }
  const begin = async (): Promise<void> => {
    const points = [...fresh]
    const [first] = points
    if (!first || isClosed) return
    try {
      await enqueue(points, first)
      fresh.splice(0, points.length)
      // A search asks for more points while others are enqueued.
      if (fresh.length > 0) setImmediate(() => void begin())
    } catch (thrown) {
      if (thrown instanceof PwoaFailure)
        for (const { job } of fresh.splice(0)) settle(job.key, { type: 'failed', error: thrown.error })
      link.notices.failed(thrown)
      opened = undefined
      setTimeout(() => void begin(), AGAIN).unref()
    }
  }

  const check = async (): Promise<void> => {
    if (!opened || link.client.status !== 'ready') return
    const enqueued = await opened
    const { sweep, queue } = enqueued
    if (await registry.isCancelled(sweep.id)) {
      for (const { job } of [...awaited.values()]) settle(job.key, { type: 'failed', error: cancelled(job.label) })
      return
    }
    await registry.beat(sweep.id)
    for (const [worker, reason] of Object.entries(await registry.refusals(sweep.id))) {
      if (!warned.has(`${worker} ${reason}`)) warn(`${worker}: ${reason}`)
      warned.add(`${worker} ${reason}`)
    }
    if ((await registry.get(sweep.id)) === undefined) await registry.put(sweep)
    const counts = await countsOf(queue)
    if (counts.ended > ended.size) for (const key of await endedIn(queue)) await look(key, enqueued)
    if (counts.all >= awaited.size + ended.size) return
    const there = new Set(await allIn(queue))
    const lost = [...awaited.values()].map(({ job }) => job).filter(({ key }) => !there.has(key))
    for (const key of ended) if (!there.has(key)) ended.delete(key)
    for (const { key } of lost) queued.add(key)
    await addJobs(queue, lost, attempts)
  }
  const checkNow = (): void => void check().catch(link.notices.failed)
  const timers = [setInterval(checkNow, CHECK), setTimeout(checkNow, FIRST_CHECK)]

  const runPoint: RunPoint = ({ label, pipeline }, { key, seed, options, target }, onProgress) => {
    const { engine = 'auto', trial } = options
    const job = { key, label, seed, engine, ...given({ target }) }
    const outcome = new Promise<PointOutcome>((resolve) => {
      const one = { job, pipeline, trial, onProgress, settle: resolve }
      awaited.set(key, one)
      // All points of a sweep are asked for at once, those of a search as they go on.
      if (fresh.push(one) === 1) setImmediate(() => void begin())
    })
    return {
      outcome,
      stop: () => {
        awaited.get(key)?.settle({ type: 'failed', error: left(label) })
        awaited.delete(key)
      },
    }
  }
  return {
    runPoint,
    id: () => id,
    end: async (how) => {
      isClosed = true
      for (const timer of timers) clearInterval(timer)
      try {
        const enqueued = link.client.status === 'ready' ? await opened : undefined
        await enqueued?.events.disconnect()
        if (enqueued && how === 'done') {
          await removeQueue(link, enqueued.sweep.id)
          await registry.forget(enqueued.sweep.id)
        }
      } catch (thrown) {
        // What stays in the queue expires.
        link.notices.failed(thrown)
      }
      link.close()
    },
  }
}
