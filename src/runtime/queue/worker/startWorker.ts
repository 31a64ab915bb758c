import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Job } from 'bullmq'
import * as E from 'fp-ts/lib/Either.js'
import { given } from '../../../dsl/kit/given.js'
import { viewQueue } from '../admin/queueView.js'
import { openRedis } from '../openRedis.js'
import type { QueuedSweep } from '../queuedSweep.js'
import { refusalText } from '../queueJob.js'
import { removeQueue, sweepQueues } from '../sweepQueues.js'
import { isExpired, sweepRegistry } from '../sweepRegistry.js'
import { fileKnowledge } from './fileKnowledge.js'
import { type GrowingDelay, growingDelay } from './growingDelay.js'
import { keepLease } from './jobLease.js'
import type { KnownFile } from './knownFile.js'
import { memoryLimit, memoryWatch } from './memoryWatch.js'
import { performJob, type Verdict, workerName } from './performJob.js'
import { settleJob, wordsOf } from './settleJob.js'
import { sweepsInTurn } from './sweepsInTurn.js'
import { wakeable } from './wakeable.js'
import type { LogFacts, RunningWorker, WorkerOptions } from './workerTypes.js'

/** Seconds of the first and the longest pause of a worker whose machine or storage fails. */
const PAUSES = [10, 600] as const

/** Seconds for which a worker leaves a sweep alone whose points it can't run here. */
const REFUSALS = [30, 3600] as const

/** Milliseconds between two looks for jobs, at least and at most. */
const LOOKS = [200, 2000] as const

/** Milliseconds between two signs of life, and between two looks for expired sweeps. */
const BEAT = 10_000
const TIDY = 60_000

/** Milliseconds for which a worker that stops waits for a Redis that is away. */
const FAREWELL = 3000

interface Active {
  readonly sweep: string
  readonly point: string
  readonly since: number
  readonly stop: () => void
  readonly memory: () => number | undefined
}

/** Takes jobs from the queues of sweeps and runs each point in its own process, while this process renews the job's lock. */
export const startWorker = async (options: WorkerOptions): Promise<RunningWorker> => {
  const { url, storage, workers, lease, say, onEnd = () => undefined } = options
  const link = await openRedis(url, say, options.signal)
  const registry = sweepRegistry(link.client)
  const queues = await sweepQueues(link, lease)
  const files = fileKnowledge(options)
  const id = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const active = new Set<Active>()
  const settling = new Set<Promise<void>>()
  const served = new Map<string, number>()
  const said = new Map<string, string>()
  const left = new Map<string, GrowingDelay>()
  const pause = growingDelay(...PAUSES)
  const loop = wakeable()
  let paused: string | undefined
  let stopping = false

  const watch = memoryWatch(workers, memoryLimit(), say)
  const beat = async (): Promise<void> => {
    for (const { sweep, memory } of active) watch.seen(sweep, memory() ?? 0)
    const running = [...active].map(({ sweep, point, since }) => ({ sweep, point, since }))
    const facts = { host: hostname(), pid: process.pid, slots: workers, seen: Date.now(), running }
    await registry.report(id, { ...facts, ...given({ paused: pause.isOver() ? undefined : paused }) })
  }
  const inBackground = (act: () => Promise<unknown>): void => {
    if (link.client.status === 'ready') act().catch(link.notices.failed)
  }
  const tidy = async (): Promise<void> => {
    const seen = await registry.seen()
    for (const sweep of await registry.list()) {
      if (!isExpired(sweep, seen, Date.now())) continue
      say(`${sweep.id}: expired, nothing has followed it for 7 days: removed from the queue`)
      await removeQueue(link, sweep.id)
      await registry.forget(sweep.id)
    }
  }

  /** Reports once why this worker can't run a sweep, here and to the sweep's follower. */
  const refuse = (sweep: QueuedSweep, reason: string | undefined): void => {
    if (said.get(sweep.id) === reason) return
    if (reason === undefined) said.delete(sweep.id)
    else {
      said.set(sweep.id, reason)
      say(`${sweep.id}: ${reason}`)
    }
    inBackground(() => registry.refuse(sweep.id, workerName(), reason))
  }

  /** What the end of a job means for the next ones. */
  const learn = (sweep: QueuedSweep, verdict: Verdict): void => {
    if (verdict.type === 'done' || verdict.type === 'paused') pause.reset()
    if (verdict.type === 'machine' || verdict.type === 'store') {
      paused = verdict.reason
      if (pause.isOver())
        say(`pausing for ${pause.fail()} s, because this machine, or its access to the storage, fails`)
    }
    if (verdict.type !== 'refused') return void left.delete(sweep.id)
    const alone = left.get(sweep.id) ?? growingDelay(...REFUSALS)
    left.set(sweep.id, alone)
    alone.fail()
  }

  const begin = (job: Job, token: string, sweep: QueuedSweep, file: KnownFile): void => {
    const began = performance.now()
    const note = (message: string, facts: LogFacts = {}): void =>
      say(`${sweep.folder}/${job.id}: ${message}`, { sweep: sweep.id, ...given({ point: job.id }), ...facts })
    const current = keepLease(job, token, lease, () => {
      note("no longer this worker's: it was cancelled, or another worker has taken over")
      performed.stop()
    })
    const performed = performJob(job, sweep, file, options, () => {
      note('begun', { event: 'begun' })
      inBackground(() => job.log(`${new Date().toISOString()} ${workerName()}: begun`))
    })
    const { stop, memory } = performed
    const one: Active = { point: job.id ?? '', sweep: sweep.id, since: Date.now(), stop, memory }
    active.add(one)
    const settled = performed.verdict.then(async (verdict) => {
      active.delete(one)
      const [words, seconds] = [wordsOf(verdict), (performance.now() - began) / 1000]
      if (words !== undefined) note(words, { event: verdict.type, seconds })
      onEnd({ verdict: verdict.type, seconds })
      learn(sweep, verdict)
      await settleJob(current, verdict, note)
      settling.delete(settled)
      loop.wake()
    })
    settling.add(settled)
  }

  /** Takes one job, of the sweep whose turn it is. Returns whether there was one. */
  const take = async (): Promise<boolean> => {
    const sweeps = await registry.list()
    queues.keepOnly(sweeps.map((sweep) => sweep.id))
    for (const sweep of sweepsInTurn(sweeps, (one) => served.get(one))) {
      if (left.get(sweep.id)?.isOver() === false) continue
      const file = await files.of(sweep)
      refuse(sweep, E.isLeft(file) ? refusalText(file.left.error) : undefined)
      if (E.isLeft(file)) continue
      const token = randomUUID()
      const job = await queues.open(sweep.id).getNextJob(token, { block: false })
      if (!job) continue
      served.set(sweep.id, performance.now())
      begin(job, token, sweep, file.right)
      return true
    }
    return false
  }

  const work = async (): Promise<void> => {
    let wait: number = LOOKS[0]
    while (!stopping) {
      const isFree = active.size < workers && pause.isOver()
      const took = isFree && (await take().catch((thrown: unknown) => void link.notices.failed(thrown)))
      wait = took ? LOOKS[0] : Math.min(1.5 * wait, LOOKS[1])
      if (!took) await loop.wait(wait)
    }
  }

  const timers = [setInterval(() => inBackground(beat), BEAT), setInterval(() => inBackground(tidy), TIDY)]
  inBackground(beat)
  const working = work()
  return {
    isReady: () => link.client.status === 'ready' && pause.isOver() && !stopping,
    running: () => active.size,
    memory: () => [...active].reduce((sum, one) => sum + (one.memory() ?? 0), 0),
    view: () => viewQueue(link),
    stop: async () => {
      stopping = true
      storage.hurry()
      for (const timer of timers) clearInterval(timer)
      loop.wake()
      for (const one of active) one.stop()
      const close = async (): Promise<void> => {
        await working
        await Promise.all(settling)
        await registry.report(id, undefined)
        await queues.close()
      }
      await Promise.race([close(), away(link.client, active)])
      link.close()
      storage.close()
    },
  }
}

/** Resolves when there is nothing to wait for: no point is running, and Redis has been away for some seconds. */
const away = (client: { readonly status: string }, active: ReadonlySet<Active>): Promise<void> =>
  new Promise((resolve) => {
    let since = performance.now()
    const timer = setInterval(() => {
      if (client.status === 'ready' || active.size > 0) since = performance.now()
      if (performance.now() - since < FAREWELL) return
      clearInterval(timer)
      resolve()
    }, 100)
    timer.unref()
  })
