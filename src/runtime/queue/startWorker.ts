import { hostname } from 'node:os'
import type { Job } from 'bullmq'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { describeError, type PwoaError, PwoaFailure, type UsageError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { wrongField } from '../../dsl/kit/wrongField.js'
import type { RunOptions, Summary } from '../../dsl/pipeline/run.js'
import { ownVersion } from '../host/ownPackage.js'
import { runTask } from '../pointProcess/pointInChild.js'
import { outageNotices } from '../storage/outageNotices.js'
import type { OpenRun, PointName, RunStorage } from '../storage/runStorage.js'
import type { PointOutcome, PointProgress, PointTask } from '../sweep/pointMessages.js'
import { allowedFile, type Denied, denied, failureText, QueueJob, queueName } from './queueJob.js'
import { type QueueUrl, queueVariable } from './queueUrl.js'

/** What a worker is allowed to do, and where. */
export interface WorkerOptions {
  readonly url: QueueUrl
  /** The folder of pipeline files; nothing outside it is ever run. */
  readonly pipelines: string
  /** Where all machines keep the runs of sweeps. */
  readonly storage: RunStorage
  /** Points at a time. */
  readonly workers: number
  /** The module that runs a point. @default that of this package */
  readonly entry?: URL
  /** Seconds after which others take over from a worker that is not heard of. */
  readonly lease: number
  readonly run: Pick<RunOptions, 'dataDir' | 'checkpoints'>
  /** Told what it does, in words. */
  readonly say: (message: string) => void
}

/** A worker that takes jobs. */
export interface RunningWorker {
  /** Saves what is under way, gives it back to the queue, and leaves. */
  readonly stop: () => Promise<void>
}

/** Milliseconds after which a job that can't be done here and now is offered again. */
const LATER = 10_000

/** Milliseconds between two reports of how a point goes. */
const REPORT = 2000

/** How often a job may lose its worker: machines come and go. */
const MOST_LOSSES = 100

/** Takes points off the queue and runs each in a process of its own, while this one keeps the job's lock alive. */
export const startWorker = async (options: WorkerOptions): Promise<RunningWorker> => {
  const { DelayedError, UnrecoverableError, Worker } = await import('bullmq')
  const { url, storage, workers, lease, say } = options
  const under = new Set<() => void>()
  let stopping = false

  /** Gives the job back: it is no failure, and no attempt. */
  const offerAgain = async (job: Job, token: string | undefined, after: number): Promise<never> => {
    await job.moveToDelayed(Date.now() + after, token)
    throw new DelayedError()
  }

  /** Another worker, or a later attempt, may do what this one can't; whoever follows the sweep is told why. */
  const putOff = async (job: Job, token: string | undefined, message: string): Promise<never> => {
    say(`${job.id}: ${message}`)
    await job.updateProgress({ type: 'warning', stage: `worker on ${hostname()}`, message })
    return offerAgain(job, token, LATER)
  }

  /** Its file, or its version, is another one. */
  const refuse = (job: Job, token: string | undefined, { expected, actual }: UsageError): Promise<never> =>
    putOff(job, token, `refused: expected ${expected}, got ${actual}`)

  /** It would be the same on every machine, at every time. */
  const fail = async (job: Job, error: PwoaError): Promise<never> => {
    say(`${job.id}: failed: ${describeError(error)}`)
    throw new UnrecoverableError(failureText(error))
  }

  const follow = async (job: Job, task: PointTask, run: OpenRun): Promise<PointOutcome> => {
    const report = reporter(job)
    const running = runTask(task, { ...options, secrets: [queueVariable, ...storage.secrets] }, (progress) => {
      report(progress)
      run.advanced()
    })
    under.add(running.stop)
    if (stopping) running.stop()
    const ended = await running.outcome
    under.delete(running.stop)
    return ended
  }

  const carryOut = async (job: Job, task: PointTask, run: OpenRun): Promise<PointOutcome> => {
    const first = await follow(job, task, run)
    // What it joins is kept elsewhere: it is brought, and the run begun again.
    const isBrought = first.type === 'failed' && first.lacks !== undefined && (await run.bring(first.lacks))
    const ended = isBrought ? await follow(job, task, run) : first
    return ended.type === 'done' ? { type: 'done', summary: await run.finish(ended.summary) } : ended
  }

  const executeJob = async (job: Job, token: string | undefined): Promise<Summary> => {
    const read = await taskOf(job.data, options)
    if (E.isLeft(read)) {
      if (read.left.type === 'refused') return refuse(job, token, read.left.error)
      return fail(job, read.left.error)
    }
    const { point, task } = read.right
    // Delivered twice, or done by one that could not say so any more: the first complete result holds.
    const finished = await storage.finished(point)
    if (finished) return finished
    const run = await storage.open(point)
    if (!run) return offerAgain(job, token, LATER)
    say(`${job.id}: begun`)
    const ended = await carryOut(job, { ...task, folder: run.folder }, run).catch(async (thrown: unknown) => {
      await run.leave()
      throw thrown
    })
    if (ended.type === 'done') {
      say(`${job.id}: done`)
      return ended.summary
    }
    await run.leave()
    if (ended.type === 'crashed') {
      say(`${job.id}: crashed (${ended.reason})`)
      throw new Error(ended.reason)
    }
    const { error } = ended
    if (error._tag === 'InterruptedError') return offerAgain(job, token, 0)
    if (error._tag === 'UsageError') return refuse(job, token, error)
    return fail(job, error)
  }

  /**
   * Where runs can't be kept the point is offered again: the store comes back, and another worker has other keys and
   * another disk. What is wrong with an object of the point itself stays wrong.
   */
  const performOrOffer = async (job: Job, token?: string): Promise<Summary> => {
    try {
      return await executeJob(job, token)
    } catch (thrown) {
      if (!(thrown instanceof PwoaFailure)) throw thrown
      const { error } = thrown
      if (error._tag === 'FileError') return fail(job, error)
      return putOff(job, token, [describeError(error), error.hint ?? []].flat().join('. '))
    }
  }

  const outage = outageNotices(url.shown, say)
  const worker = new Worker(queueName, performOrOffer, {
    connection: url.connection,
    concurrency: workers,
    lockDuration: 1000 * lease,
    stalledInterval: 1000 * lease,
    maxStalledCount: MOST_LOSSES,
  })
  worker.on('error', outage.away)
  worker.on('ready', outage.back)
  worker.on('active', outage.back)
  return {
    stop: async () => {
      stopping = true
      storage.hurry()
      for (const one of under) one()
      await worker.close()
      storage.close()
    },
  }
}

/** Which point, and what its process is told but for the folder. */
interface Meant {
  readonly point: PointName
  readonly task: Omit<PointTask, 'folder'>
}

/** What a job means here. What the queue says is checked before anything is done with it. */
const taskOf = async (data: unknown, options: WorkerOptions): Promise<Either<Denied, Meant>> => {
  const decoded = QueueJob.decode(data)
  // The error says nothing of the value: it comes from outside, and goes to logs.
  if (E.isLeft(decoded))
    return E.left(denied('invalid', 'a job of pwoa', `a wrong ${wrongField(decoded.left).path || 'record'}`))
  const { version, file, values, folder, key, seed, engine } = decoded.right
  if (version !== ownVersion())
    return E.left(denied('refused', `a job of pwoa ${ownVersion()}`, `one of pwoa ${version}`))
  const path = await allowedFile(options.pipelines, file)
  if (E.isLeft(path)) return path
  const task = { file: path.right, values, key, seed, options: { ...given(options.run), engine } }
  return E.right({ point: { sweep: folder, key }, task })
}

/** Reports how it goes, now and then; that Redis is away for a moment is no reason to stop. */
const reporter = (job: Job): ((progress: PointProgress) => void) => {
  let last = Number.NEGATIVE_INFINITY
  return (progress) => {
    const now = performance.now()
    if (progress.type !== 'warning' && now - last < REPORT) return
    last = now
    job.updateProgress(progress).catch(() => undefined)
  }
}
