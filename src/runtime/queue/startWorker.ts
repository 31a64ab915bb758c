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

/** What a worker may run, and where it keeps the runs. */
export interface WorkerOptions {
  readonly url: QueueUrl
  /** The folder of pipeline files; no file outside it is ever run. */
  readonly pipelines: string
  /** Where all machines keep the runs of sweeps. */
  readonly storage: RunStorage
  /** How many points run at the same time. */
  readonly workers: number
  /** The module that runs a point. @default that of this package */
  readonly entry?: URL
  /** Seconds without a sign of life after which another worker takes over a job. */
  readonly lease: number
  readonly run: Pick<RunOptions, 'dataDir' | 'checkpoints'>
  /** Called with a message for each thing that the worker does. */
  readonly say: (message: string) => void
}

/** A worker that takes jobs. */
export interface RunningWorker {
  /** Saves the points that are running, returns their jobs to the queue, and closes the worker. */
  readonly stop: () => Promise<void>
}

/** Milliseconds after which a job that this worker can't do now is offered again. */
const LATER = 10_000

/** Milliseconds between two progress reports of a point. */
const REPORT = 2000

/** How often a job may lose its worker before it counts as failed. */
const MOST_LOSSES = 100

/** Takes jobs from the queue and runs each point in its own process, while this process renews the job's lock. */
export const startWorker = async (options: WorkerOptions): Promise<RunningWorker> => {
  const { DelayedError, UnrecoverableError, Worker } = await import('bullmq')
  const { url, storage, workers, lease, say } = options
  const under = new Set<() => void>()
  let stopping = false

  /** Returns the job to the queue, which counts neither as a failure nor as an attempt. */
  const offerAgain = async (job: Job, token: string | undefined, after: number): Promise<never> => {
    await job.moveToDelayed(Date.now() + after, token)
    throw new DelayedError()
  }

  /** Returns the job for another worker or a later attempt, and reports the reason to the follower of the sweep. */
  const putOff = async (job: Job, token: string | undefined, message: string): Promise<never> => {
    say(`${job.id}: ${message}`)
    await job.updateProgress({ type: 'warning', stage: `worker on ${hostname()}`, message })
    return offerAgain(job, token, LATER)
  }

  /** Puts off a job of another file or version than this worker's. */
  const refuse = (job: Job, token: string | undefined, { expected, actual }: UsageError): Promise<never> =>
    putOff(job, token, `refused: expected ${expected}, got ${actual}`)

  /** Fails the job for good: the result would be the same on every machine. */
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
    // The parts that it joins are in the storage: they are copied here, and the point is started again.
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
    // The job may have been delivered twice, or its worker lost before it could report: the first complete result counts.
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
   * If the storage fails, the point is offered again: the storage may come back, or another worker may have access. An
   * error in one of the point's own files fails the job.
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

/** The point of a job, and the task of its process without the folder. */
interface NamedTask {
  readonly point: PointName
  readonly task: Omit<PointTask, 'folder'>
}

/** The task of a job on this machine. All of the job is checked first. */
const taskOf = async (data: unknown, options: WorkerOptions): Promise<Either<Denied, NamedTask>> => {
  const decoded = QueueJob.decode(data)
  // The error does not show the value: it comes from outside, and would get into logs.
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

/** Reports progress at intervals. Reports are lost while Redis can't be reached, which does not stop the run. */
const reporter = (job: Job): ((progress: PointProgress) => void) => {
  let last = Number.NEGATIVE_INFINITY
  return (progress) => {
    const now = performance.now()
    if (progress.type !== 'warning' && now - last < REPORT) return
    last = now
    job.updateProgress(progress).catch(() => undefined)
  }
}
