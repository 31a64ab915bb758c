import { hostname } from 'node:os'
import type { Job } from 'bullmq'
import * as E from 'fp-ts/lib/Either.js'
import { describeError, type PwoaError, PwoaFailure } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import { wrongField } from '../../../dsl/kit/wrongField.js'
import type { RunOptions } from '../../../dsl/pipeline/run.js'
import type { GpuPool } from '../../pointProcess/gpuPool.js'
import { runTask } from '../../pointProcess/pointInChild.js'
import { memoryOf } from '../../pointProcess/processMemory.js'
import type { OpenRun, RunStorage } from '../../storage/runStorage.js'
import type { PointOutcome, PointProgress, PointTask } from '../../sweep/pointMessages.js'
import type { RunningPoint } from '../../sweep/runPoint.js'
import type { QueuedSweep } from '../queuedSweep.js'
import { denied, ofOtherVersion, QueueJob, refusalText } from '../queueJob.js'
import { queueVariable } from '../queueUrl.js'
import type { KnownFile } from './knownFile.js'
import { faultOfException, machineFault } from './machineFault.js'

/** How a worker runs points. */
export interface PerformOptions {
  /** Where all machines keep the runs of sweeps. */
  readonly storage: RunStorage
  /** How many points run at the same time. */
  readonly workers: number
  /** The module that runs a point. @default that of this package */
  readonly entry?: URL
  /** Seconds that a point has to save its state when the worker stops. */
  readonly grace?: number | undefined
  /** Whose GPUs the points compute on. @default those that this process sees */
  readonly gpus?: GpuPool | undefined
  readonly run: Pick<RunOptions, 'dataDir' | 'checkpoints'>
  /** Called with each progress report of a point. */
  readonly onProgress?: (key: string, progress: PointProgress) => void
}

/** How a job ends on this worker. */
export type Verdict =
  | { readonly type: 'done' | 'paused' }
  /** The same on every machine: the point has failed. */
  | { readonly type: 'failed'; readonly error: PwoaError }
  /** The attempt counts, and the point is tried again. */
  | { readonly type: 'crashed'; readonly reason: string }
  /** Another worker may run it. */
  | { readonly type: 'refused' | 'machine' | 'store'; readonly reason: string }
  /** Another process is using the point's folder. */
  | { readonly type: 'busy' }
  | { readonly type: 'interrupted' }

/** A job that is under way on this worker. */
export interface PerformedJob {
  readonly verdict: Promise<Verdict>
  /** Saves and ends the point. */
  readonly stop: () => void
  /** The memory that its process holds, in bytes, if that is known. */
  readonly memory: () => number | undefined
}

/** Milliseconds between two progress reports of a point. */
const REPORT = 2000

/** Runs the point of a job in its own process. All of the job is checked first. */
export const performJob = (
  job: Job,
  sweep: QueuedSweep,
  file: KnownFile,
  options: PerformOptions,
  begun: () => void,
): PerformedJob => {
  let isStopped = false
  let running: RunningPoint | undefined

  const follow = async (task: PointTask, run: OpenRun): Promise<PointOutcome> => {
    const report = reporter(job)
    const { pointTimeout: point, progressTimeout: silence } = sweep
    const how = {
      ...options,
      secrets: [queueVariable, ...options.storage.secrets],
      limits: given({ point, silence, grace: options.grace }),
    }
    running = runTask(task, how, (progress) => {
      report(progress)
      options.onProgress?.(task.key, progress)
      run.advanced()
    })
    if (isStopped) running.stop()
    return running.outcome
  }

  const carryOut = async (task: PointTask, run: OpenRun): Promise<Verdict> => {
    const first = await follow(task, run)
    // The parts that it joins are in the storage: they are copied here, and the point is started again.
    const isBrought = first.type === 'failed' && first.lacks !== undefined && (await run.bring(first.lacks))
    const ended = isBrought ? await follow(task, run) : first
    if (ended.type === 'done') {
      await run.finish(ended.summary)
      return { type: 'done' }
    }
    await run.leave()
    return verdictOf(ended)
  }

  const perform = async (): Promise<Verdict> => {
    const decoded = QueueJob.decode(job.data)
    // The error does not show the value: it comes from outside, and would get into logs.
    if (E.isLeft(decoded))
      return { type: 'failed', ...denied('a job of pwoa', `a wrong ${wrongField(decoded.left).path || 'record'}`) }
    const { key } = decoded.right
    const point = { sweep: sweep.folder, key }
    // The job may have been delivered twice, or its worker lost before it could report: the first complete result counts.
    const finished = await options.storage.finished(point)
    if (finished && finished.fileVersion !== sweep.fileVersion)
      return { type: 'failed', error: ofOtherVersion(options.storage, point) }
    if (finished) return { type: 'done' }
    const run = await options.storage.open(point)
    if (!run) return { type: 'busy' }
    begun()
    try {
      return await carryOut(taskOf(decoded.right, sweep, file, run, options), run)
    } catch (thrown) {
      await run.leave()
      throw thrown
    }
  }

  return {
    verdict: perform().catch(verdictOfException),
    stop: () => {
      isStopped = true
      running?.stop()
    },
    memory: () => memoryOf(running?.pid),
  }
}

const taskOf = (
  { key, seed, engine, target }: QueueJob,
  { values, fileVersion, trial }: QueuedSweep,
  { path }: KnownFile,
  { folder }: OpenRun,
  { run }: PerformOptions,
): PointTask => ({
  file: path,
  fileVersion,
  values,
  key,
  seed,
  folder,
  options: { ...given(run), ...given({ trial }), engine },
  ...given({ target }),
})

const verdictOf = (ended: Exclude<PointOutcome, { type: 'done' }>): Verdict => {
  if (ended.type === 'paused') return { type: 'paused' }
  const fault = machineFault(ended)
  if (fault !== undefined) return { type: 'machine', reason: fault }
  if (ended.type === 'crashed') return ended
  const { error } = ended
  if (error._tag === 'InterruptedError') return { type: 'interrupted' }
  // A point that needs a GPU is for a worker on a machine that has one.
  return error._tag === 'UsageError' || error.stage === 'engine'
    ? { type: 'refused', reason: refusalText(error) }
    : { type: 'failed', error }
}

/**
 * If the storage fails, the point is offered again: the storage may come back, or another worker may have access. An error
 * in one of the point's own files fails the job.
 */
const verdictOfException = (thrown: unknown): Verdict => {
  if (thrown instanceof PwoaFailure) {
    const { error } = thrown
    if (error._tag === 'FileError') return { type: 'failed', error }
    const reason = [describeError(error), error.hint ?? []].flat().join('. ')
    return { type: error._tag === 'WriteError' ? 'machine' : 'store', reason }
  }
  const fault = faultOfException(thrown)
  return fault === undefined ? { type: 'crashed', reason: String(thrown) } : { type: 'machine', reason: fault }
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

/** This machine, as messages name it. */
export const workerName = (): string => `worker on ${hostname()}`
