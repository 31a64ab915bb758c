import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Redis } from 'ioredis'
import { objectCodec, optionalCodec } from '../../dsl/kit/codecOf.js'
import { amountCodec, countCodec } from '../../dsl/kit/figureCodecs.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { QueuedSweep } from './queuedSweep.js'

/** Keys in Redis: the sweeps; when their followers gave a sign of life; cancelled ones; the workers. */
const keys = {
  sweeps: 'pwoa:sweeps',
  seen: 'pwoa:seen',
  cancelled: 'pwoa:cancelled',
  workers: 'pwoa:workers',
  refusals: (id: string) => `pwoa:refusals:${id}`,
} as const

/** Seconds after the last sign of life of its follower for which the points of a sweep stay in the queue. */
export const EXPIRY = 7 * 24 * 3600

/** Seconds after which a worker without a sign of life is not listed. */
const WORKER_EXPIRY = 120

const workerFacts = t.intersection([
  objectCodec({
    host: t.string,
    pid: countCodec,
    /** How many points it runs at the same time. */
    slots: countCodec,
    /** The last sign of life, in milliseconds since 1970. */
    seen: amountCodec,
    /** The points that it runs. */
    running: t.readonlyArray(objectCodec({ sweep: t.string, point: t.string, since: amountCodec })),
  }),
  optionalCodec({
    /** Why it takes no points at present. */
    paused: t.string,
  }),
])

/** What a worker reports about itself. */
export interface WorkerFacts extends t.TypeOf<typeof workerFacts> {}

/** The last sign of life of each sweep's follower, in milliseconds since 1970. */
type SignsOfLife = Readonly<Record<string, number>>

/** When a sweep's follower gave its last sign of life, in milliseconds since 1970. */
export const lastSeen = ({ id, created }: QueuedSweep, seen: SignsOfLife): number => seen[id] ?? created

/** The sweeps of a Redis, and its workers. What others have written there in another form is ignored. */
export interface SweepRegistry {
  readonly put: (sweep: QueuedSweep) => Promise<void>
  readonly list: () => Promise<readonly QueuedSweep[]>
  readonly get: (id: string) => Promise<QueuedSweep | undefined>
  /** Removes all that is recorded about a sweep. */
  readonly forget: (id: string) => Promise<void>
  /** Records that a sweep was cancelled, so that its follower can say so. */
  readonly cancel: (id: string) => Promise<void>
  readonly isCancelled: (id: string) => Promise<boolean>
  /** Records a sign of life of a sweep's follower. */
  readonly beat: (id: string) => Promise<void>
  /** The last sign of life of each follower, in milliseconds since 1970. */
  readonly seen: () => Promise<SignsOfLife>
  /** Records why a worker can't run points of a sweep; undefined if it can. */
  readonly refuse: (id: string, worker: string, reason: string | undefined) => Promise<void>
  readonly refusals: (id: string) => Promise<Readonly<Record<string, string>>>
  /** Records a sign of life of a worker; undefined: it has ended. */
  readonly report: (worker: string, facts: WorkerFacts | undefined) => Promise<void>
  readonly workers: () => Promise<Readonly<Record<string, WorkerFacts>>>
}

/** The registry in a Redis. */
export const sweepRegistry = (client: Redis): SweepRegistry => ({
  put: async (sweep) => {
    await client.hset(keys.seen, sweep.id, Date.now())
    await client.hdel(keys.cancelled, sweep.id)
    await client.hset(keys.sweeps, sweep.id, JSON.stringify(sweep))
  },
  list: async () => decodedOf(QueuedSweep, Object.values(await client.hgetall(keys.sweeps))),
  get: async (id) => decodedOf(QueuedSweep, [(await client.hget(keys.sweeps, id)) ?? ''])[0],
  forget: async (id) => {
    await client.hdel(keys.sweeps, id)
    await client.hdel(keys.seen, id)
    await client.del(keys.refusals(id))
  },
  cancel: async (id) => {
    await client.hset(keys.cancelled, id, Date.now())
  },
  isCancelled: async (id) => (await client.hexists(keys.cancelled, id)) === 1,
  beat: async (id) => {
    await client.hset(keys.seen, id, Date.now())
  },
  seen: async () =>
    Object.fromEntries(Object.entries(await client.hgetall(keys.seen)).map(([id, at]) => [id, Number(at)])),
  refuse: async (id, worker, reason) => {
    if (reason === undefined) return void (await client.hdel(keys.refusals(id), worker))
    await client.hset(keys.refusals(id), worker, reason)
    await client.expire(keys.refusals(id), EXPIRY)
  },
  refusals: (id) => client.hgetall(keys.refusals(id)),
  report: async (worker, facts) => {
    if (facts) await client.hset(keys.workers, worker, JSON.stringify(facts))
    else await client.hdel(keys.workers, worker)
  },
  workers: async () => {
    const found: Record<string, WorkerFacts> = {}
    for (const [id, text] of Object.entries(await client.hgetall(keys.workers))) {
      const [facts] = decodedOf(workerFacts, [text])
      if (facts && Date.now() - facts.seen < 1000 * WORKER_EXPIRY) found[id] = facts
      else await client.hdel(keys.workers, id)
    }
    return found
  },
})

const decodedOf = <A>(codec: t.Type<A>, texts: readonly string[]): readonly A[] =>
  texts.flatMap((text) => {
    const decoded = codec.decode(parseJson(text))
    return E.isRight(decoded) ? [decoded.right] : []
  })

/** Whether a sweep's points have expired: its follower is gone for longer than they are kept. */
export const isExpired = (sweep: QueuedSweep, seen: SignsOfLife, now: number): boolean =>
  now - lastSeen(sweep, seen) > 1000 * EXPIRY
