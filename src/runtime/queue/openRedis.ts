import type { Redis } from 'ioredis'
import { PwoaFailure } from '../../dsl/errors.js'
import { missing } from '../../dsl/optionalPackages.js'
import { messageOf } from '../../io/files/thrown.js'
import type { QueueUrl } from './queueUrl.js'
import { isDenial, type RedisNotices, redisNotices } from './redisTrouble.js'

/** A connection to Redis. */
export interface RedisLink {
  readonly client: Redis
  readonly notices: RedisNotices
  /** Ends the connection at once. */
  readonly close: () => void
}

/** Milliseconds between two attempts to connect, at most. */
const LONGEST_PAUSE = 10_000

/**
 * Connects to Redis, waiting until it can be reached.
 *
 * @param say called with a message when Redis can't be reached, and when it is back
 * @param signal ends the wait when it aborts
 * @throws UsageError if the packages of queues are not installed, if Redis refuses the password, or may evict jobs; InterruptedError if the signal aborts
 */
export const openRedis = async (
  { shown, connection }: QueueUrl,
  say: (message: string) => void,
  signal?: AbortSignal,
): Promise<RedisLink> => {
  const { Redis } = await loadClients().catch(missing('--queue', 'queues'))
  const notices = redisNotices(shown, say)
  const client = new Redis({
    ...connection,
    lazyConnect: true,
    retryStrategy: (times) => Math.min(500 * times, LONGEST_PAUSE),
  })
  const close = (): void => client.disconnect()
  client.on('error', notices.failed).on('ready', notices.back)
  try {
    await ready(client, shown, signal)
    await refuseEviction(client, shown)
  } catch (thrown) {
    close()
    throw thrown
  }
  return { client, notices, close }
}

/** The client of Redis, once BullMQ is known to load: everything that uses queues connects first. */
const loadClients = async () => {
  await import('bullmq')
  return import('ioredis')
}

const ready = (client: Redis, shown: string, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    client.once('ready', resolve)
    client.on('error', (thrown) => {
      if (isDenial(thrown)) reject(denied(shown, thrown))
    })
    const interrupt = (): void => reject(interrupted(shown))
    if (signal?.aborted) interrupt()
    signal?.addEventListener('abort', interrupt, { once: true })
    // Failures come as events, and the client tries again.
    client.connect().catch(() => undefined)
  })

const denied = (shown: string, thrown: unknown): PwoaFailure =>
  new PwoaFailure({
    _tag: 'UsageError',
    stage: '--queue',
    expected: `a user name and a password that ${shown} accepts`,
    actual: messageOf(thrown),
    hint: 'PWOA_QUEUE=redis://user:password@host:6379 names both; the default user has no name (redis://:password@…).',
  })

const interrupted = (shown: string): PwoaFailure =>
  new PwoaFailure({
    _tag: 'InterruptedError',
    stage: '--queue',
    expected: `${shown} to answer`,
    actual: 'an interruption before that',
  })

/** A Redis that evicts keys when its memory is full would lose jobs without a word. */
const refuseEviction = async (client: Redis, shown: string): Promise<void> => {
  const policy = /^maxmemory_policy:(\S+)/m.exec(await client.info('memory').catch(() => ''))?.[1]
  if (policy === undefined || policy === 'noeviction') return
  throw new PwoaFailure({
    _tag: 'UsageError',
    stage: '--queue',
    expected: `${shown} to keep all keys: maxmemory-policy noeviction`,
    actual: policy,
    hint: 'redis-cli config set maxmemory-policy noeviction, and the same in its configuration. Other policies let a full Redis delete jobs.',
  })
}
