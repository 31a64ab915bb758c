import type { Queue, Worker } from 'bullmq'
import type { RedisLink } from './openRedis.js'
import { queueNameOf } from './queuedSweep.js'

/** BullMQ's workers for the queues of sweeps, which share a connection. They take jobs only when they are asked to. */
export interface SweepQueues {
  readonly open: (id: string) => Worker
  /** Closes those of all other sweeps. */
  readonly keepOnly: (ids: readonly string[]) => void
  readonly close: () => Promise<void>
}

/** How often a job may lose its worker before it counts as failed. */
const MOST_LOSSES = 100

/**
 * Opens BullMQ's workers for queues as they are needed.
 *
 * @param lease seconds after which a job without a sign of life of its worker is offered again
 */
export const sweepQueues = async ({ client, notices }: RedisLink, lease: number): Promise<SweepQueues> => {
  const { Worker } = await import('bullmq')
  const workers = new Map<string, Worker>()
  const open = (id: string): Worker => {
    const opened = workers.get(id)
    if (opened) return opened
    const worker = new Worker(queueNameOf(id), null, {
      connection: client,
      autorun: false,
      lockDuration: 1000 * lease,
      stalledInterval: 1000 * lease,
      maxStalledCount: MOST_LOSSES,
    })
    worker.on('error', notices.failed)
    void worker.startStalledCheckTimer().catch(notices.failed)
    workers.set(id, worker)
    return worker
  }
  const shut = async (worker: Worker): Promise<void> => worker.close(true).catch(notices.failed)
  return {
    open,
    keepOnly: (ids) => {
      for (const [id, worker] of workers) {
        if (ids.includes(id)) continue
        workers.delete(id)
        void shut(worker)
      }
    },
    close: async () => {
      await Promise.all([...workers.values()].map(shut))
    },
  }
}

/** Opens the queue of a sweep, to put jobs into it or to look at them. */
export const openQueue = async ({ client, notices }: RedisLink, id: string): Promise<Queue> => {
  const { Queue } = await import('bullmq')
  const queue = new Queue(queueNameOf(id), { connection: client })
  queue.on('error', notices.failed)
  return queue
}

/** Opens the queue of a sweep for one act, and closes it. */
export const withQueue = async <A>(link: RedisLink, id: string, act: (queue: Queue) => Promise<A>): Promise<A> => {
  const queue = await openQueue(link, id)
  try {
    return await act(queue)
  } finally {
    await queue.close()
  }
}

/** Removes a sweep's queue with all its jobs. Workers that run some of them lose the right to them. */
export const removeQueue = (link: RedisLink, id: string): Promise<void> =>
  withQueue(link, id, (queue) => queue.obliterate({ force: true }))
