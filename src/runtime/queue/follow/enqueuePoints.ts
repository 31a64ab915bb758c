import type { Queue } from 'bullmq'
import type { QueueJob } from '../queueJob.js'

/** All states of a job in a queue. */
const waitingStates = ['wait', 'active', 'delayed', 'prioritized'] as const
const endedStates = ['completed', 'failed'] as const

/** The last job of a state. Left out, BullMQ returns two jobs of each. */
const ALL = -1

/** Jobs that are sent to Redis at once. */
const AT_ONCE = 500

/** Milliseconds before the second attempt at a point that has crashed; they double with each attempt. */
const BACKOFF = 1000

/** Puts jobs into a queue, by their keys. A job that is there already stays as it is. */
export const addJobs = async (queue: Queue, jobs: readonly QueueJob[], attempts: number): Promise<void> => {
  for (let start = 0; start < jobs.length; start += AT_ONCE)
    await queue.addBulk(
      jobs.slice(start, start + AT_ONCE).map((job) => ({
        name: 'point',
        data: job,
        // A point of a search that goes on comes before those that have not begun.
        opts: {
          jobId: job.key,
          attempts,
          backoff: { type: 'exponential', delay: BACKOFF },
          lifo: (job.target?.rung ?? 0) > 0,
        },
      })),
    )
}

/** The ids of the jobs that have ended. */
export const endedIn = (queue: Queue): Promise<readonly string[]> => queue.getRanges([...endedStates], 0, ALL)

/** The ids of all jobs. */
export const allIn = (queue: Queue): Promise<readonly string[]> =>
  queue.getRanges([...waitingStates, ...endedStates], 0, ALL)

/** How many jobs there are, and how many have ended. Costs one command. */
export const countsOf = async (queue: Queue): Promise<{ readonly all: number; readonly ended: number }> => {
  const counts = await queue.getJobCounts(...waitingStates, ...endedStates)
  const sum = (states: readonly string[]): number => states.reduce((total, state) => total + (counts[state] ?? 0), 0)
  return { all: sum([...waitingStates, ...endedStates]), ended: sum(endedStates) }
}
