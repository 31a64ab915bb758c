import type { RedisLink } from '../openRedis.js'
import { removeQueue, withQueue } from '../sweepQueues.js'
import { lastSeen, sweepRegistry } from '../sweepRegistry.js'

/** Removes a sweep with all its points. Running ones are stopped; the sweep's follower reports it. */
export const cancelSweep = async (link: RedisLink, id: string): Promise<void> => {
  const registry = sweepRegistry(link.client)
  await registry.cancel(id)
  await registry.forget(id)
  await removeQueue(link, id)
}

/**
 * Offers failed points again, with all their attempts.
 *
 * @param key of one point; undefined: all that have failed
 * @returns how many
 */
export const retryPoints = (link: RedisLink, id: string, key: string | undefined): Promise<number> =>
  withQueue(link, id, async (queue) => {
    const failed = await queue.getFailed()
    const chosen = failed.filter((job) => key === undefined || job.id === key)
    for (const job of chosen) await job.retry('failed', { resetAttemptsMade: true })
    return chosen.length
  })

/**
 * Removes sweeps that no follower has been seen at for some time.
 *
 * @param seconds since the last sign of life of the follower
 * @returns their ids
 */
export const purgeSweeps = async (link: RedisLink, seconds: number): Promise<readonly string[]> => {
  const registry = sweepRegistry(link.client)
  const seen = await registry.seen()
  const old = (await registry.list()).filter((sweep) => Date.now() - lastSeen(sweep, seen) >= 1000 * seconds)
  for (const { id } of old) await cancelSweep(link, id)
  return old.map(({ id }) => id)
}

/** Workers take no more points of these sweeps, or take them again. Points that are running are finished. */
export const drainSweeps = async (link: RedisLink, ids: readonly string[], how: 'drain' | 'resume'): Promise<void> => {
  for (const id of ids) await withQueue(link, id, (queue) => (how === 'drain' ? queue.pause() : queue.resume()))
}
