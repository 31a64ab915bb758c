import type { Job, Queue } from 'bullmq'
import { describeError } from '../../../dsl/errors.js'
import type { RedisLink } from '../openRedis.js'
import type { QueuedSweep } from '../queuedSweep.js'
import { failureOf, QueueJob } from '../queueJob.js'
import { withQueue } from '../sweepQueues.js'
import { lastSeen, sweepRegistry, type WorkerFacts } from '../sweepRegistry.js'

/** BullMQ's states of jobs, by what they mean for a point. */
const states = {
  waiting: ['wait', 'prioritized'],
  delayed: ['delayed'],
  running: ['active'],
  done: ['completed'],
  failed: ['failed'],
} as const

/** The state of a point in a queue. `delayed`: it is tried again later. */
export type QueuedState = keyof typeof states

const stateNames = Object.keys(states) as readonly QueuedState[]

/** A sweep in a queue, for people. */
export interface SweepView extends Pick<QueuedSweep, 'id' | 'file' | 'fileVersion' | 'folder' | 'priority'> {
  /** Points by state. */
  readonly points: Readonly<Record<QueuedState, number>>
  /** Seconds since it was enqueued, and since its follower gave a sign of life. */
  readonly age: number
  readonly unseen: number
  /** Workers take no points of it: `pwoa-run queue drain`. */
  readonly drained: boolean
  /** Why workers can't run its points, by worker. */
  readonly refusals: Readonly<Record<string, string>>
}

/** A point in a queue, for people. */
export interface PointView {
  readonly key: string
  readonly label: string
  readonly state: QueuedState
  /** How often it has crashed so far. */
  readonly crashes: number
  /** Seconds since it was taken; undefined if no worker has taken it. */
  readonly since: number | undefined
  /** Why it failed, or crashed last. */
  readonly reason: string | undefined
}

/** A queue as a whole. */
export interface QueueView {
  readonly sweeps: readonly SweepView[]
  readonly workers: readonly (WorkerFacts & { readonly id: string })[]
}

const secondsSince = (at: number): number => Math.max(0, Math.round((Date.now() - at) / 1000))

const pointsOf = async (queue: Queue): Promise<SweepView['points']> => {
  const counts = await queue.getJobCounts(...stateNames.flatMap((name) => states[name]))
  const sum = (name: QueuedState): number => states[name].reduce((total, one) => total + (counts[one] ?? 0), 0)
  return {
    waiting: sum('waiting'),
    delayed: sum('delayed'),
    running: sum('running'),
    done: sum('done'),
    failed: sum('failed'),
  }
}

/** The sweeps in a queue, the oldest first, and the workers. */
export const viewQueue = async (link: RedisLink): Promise<QueueView> => {
  const registry = sweepRegistry(link.client)
  const seen = await registry.seen()
  const sweeps: SweepView[] = []
  for (const sweep of await registry.list()) {
    const { id, file, fileVersion, folder, priority, created } = sweep
    const [points, drained] = await withQueue(link, id, (queue) => Promise.all([pointsOf(queue), queue.isPaused()]))
    sweeps.push({
      ...{ id, file, fileVersion, folder, priority, points, drained },
      age: secondsSince(created),
      unseen: secondsSince(lastSeen(sweep, seen)),
      refusals: await registry.refusals(id),
    })
  }
  const workers = Object.entries(await registry.workers()).map(([id, facts]) => ({ id, ...facts }))
  return { sweeps: sweeps.sort((a, b) => b.age - a.age), workers }
}

/** The points of a sweep that are in the queue. */
export const viewPoints = (link: RedisLink, id: string): Promise<readonly PointView[]> =>
  withQueue(link, id, async (queue) => {
    const views: PointView[] = []
    for (const state of stateNames)
      for (const job of await queue.getJobs([...states[state]])) views.push(viewOf(job, state))
    return views.sort(
      (a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }) || a.key.localeCompare(b.key, 'en'),
    )
  })

const viewOf = (job: Job, state: QueuedState): PointView => {
  const data: unknown = job.data
  const label = QueueJob.is(data) ? data.label : 'not a job of pwoa'
  return {
    key: job.id ?? '',
    label,
    state,
    crashes: job.attemptsMade,
    since: job.processedOn === undefined ? undefined : secondsSince(job.processedOn),
    reason: job.failedReason ? reasonOf(job.failedReason) : undefined,
  }
}

const reasonOf = (text: string): string => {
  const failure = failureOf(text)
  return typeof failure === 'string' ? failure : describeError(failure)
}

/** What workers have logged about a point, the oldest first. */
export const logsOf = (link: RedisLink, id: string, key: string): Promise<readonly string[]> =>
  withQueue(link, id, async (queue) => (await queue.getJobLogs(key)).logs)
