import { join } from 'node:path'
import type { Either } from 'fp-ts/lib/Either.js'
import * as E from 'fp-ts/lib/Either.js'
import { Subject } from 'rxjs'
import { errorOf, type PwoaError, PwoaFailure, valueOfTask } from '../../dsl/errors.js'
import type { RunOptions } from '../../dsl/run.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { isOfOtherVersion, runFiles } from '../folder/runFolder.js'
import { finishedIn } from '../folder/runInFolder.js'
import { pointFolder } from '../records/sweepFiles.js'
import { writeReport } from '../records/writeReport.js'
import { eventLoopTurn, firstFailure, newestWriter } from '../run/concurrency.js'
import { interrupted } from '../run/interrupted.js'
import { commonMistake } from './commonMistake.js'
import type { RunPoint } from './runPoint.js'
import { studyOf } from './studyResults.js'
import { chooseSweepFolder, keysOf, openSweepFolder } from './sweepFolder.js'
import type { PointRecord, Sweep, SweepEvent, SweepHandle, SweepSummary } from './sweepTypes.js'
import { writeResults } from './writeResults.js'

/** How the points are run. */
export interface Execution {
  /** How many at a time, >= 1. */
  readonly workers: number
  /** How often a point that crashes is begun, >= 1. */
  readonly attempts: number
  readonly runPoint: RunPoint
}

/** Starts a sweep, in a later turn of the event loop, so that whoever started it can subscribe first. */
export const startSweep = (sweep: Sweep, options: RunOptions, execution: Execution): SweepHandle => {
  const folder = chooseSweepFolder(sweep.name, options)
  const events = new Subject<SweepEvent>()
  const controller = new AbortController()
  const active: ActiveSweep = {
    sweep,
    options,
    execution,
    folder,
    events,
    signal: controller.signal,
    stop: () => controller.abort(),
  }
  return {
    folder,
    events$: events.asObservable(),
    stop: active.stop,
    result: eventLoopTurn().then(async () => {
      const result = await outcome(active)
      events.complete()
      return result
    }),
  }
}

interface ActiveSweep {
  readonly sweep: Sweep
  readonly options: RunOptions
  readonly execution: Execution
  readonly folder: string
  readonly events: Subject<SweepEvent>
  readonly signal: AbortSignal
  readonly stop: () => void
}

const outcome = async (active: ActiveSweep): Promise<Either<PwoaError, SweepSummary>> => {
  try {
    return E.right(await executeSweep(active))
  } catch (thrown) {
    return E.left(errorOf(active.sweep.name, thrown))
  }
}

const executeSweep = async (active: ActiveSweep): Promise<SweepSummary> => {
  const { sweep, options, folder, signal } = active
  const started = performance.now()
  const lock = await openSweepFolder(sweep, folder, options)
  try {
    const points = await runPoints(active)
    if (signal.aborted) throw new PwoaFailure(interrupted(sweep.name, folder))
    const summary: SweepSummary = {
      sweep: sweep.name,
      params: sweep.params,
      seed: options.seed ?? 0,
      seconds: { total: (performance.now() - started) / 1000 },
      points,
      ...(sweep.study ? { study: studyOf(points, sweep.study) } : {}),
    }
    await valueOfTask(writeWhole(join(folder, runFiles.summary), `${JSON.stringify(summary, null, 2)}\n`, 'summary'))
    await writeReport(folder)
    return summary
  } finally {
    lock.release()
  }
}

const recordsOf = async ({ sweep, options, folder }: ActiveSweep): Promise<PointRecord[]> => {
  const seeded = sweep.points.map((point) => ({ ...point, seed: point.seed ?? options.seed ?? 0 }))
  const keys = await keysOf(seeded, options.dataDir)
  return seeded.map(({ label, params, seed }, index) => {
    const key = keys[index] ?? ''
    const summary = finishedIn(pointFolder(folder, key))
    const state = summary ? 'done' : 'waiting'
    return { label, params, seed, key, state, attempts: 0, summary, error: undefined }
  })
}

/** Points that fail by the same mistake, before a sweep of more of them is ended by it. */
const ENOUGH = 2

const runPoints = async (active: ActiveSweep): Promise<readonly PointRecord[]> => {
  const { sweep, events, execution, signal, folder, stop } = active
  const failure = firstFailure()
  const records = await recordsOf(active)
  const results = newestWriter<readonly PointRecord[]>((points) => writeResults(folder, points, sweep), failure.fail)
  const update = (index: number, change: Partial<PointRecord>): void => {
    const point = { ...(records[index] as PointRecord), ...change }
    records[index] = point
    events.next({ type: 'point', point })
    if (point.state !== 'done' && point.state !== 'failed') return
    results.write([...records])
    // What is wrong for the first ones, and has been right for none, is taken to be wrong for all.
    const mistake = commonMistake(records)
    if (mistake && mistake.points >= Math.min(ENOUGH, records.length)) failure.fail(new PwoaFailure(mistake.error))
  }
  for (const point of records) events.next({ type: 'point', point })
  warnOfOtherVersion(active, records)
  results.write([...records])

  const waiting = [...records.keys()].filter((index) => records[index]?.state === 'waiting')
  const joining = (index: number): boolean => sweep.points[index]?.parts !== undefined
  const worker = async (left: number[]): Promise<void> => {
    for (let index = left.shift(); index !== undefined && !signal.aborted; index = left.shift())
      await runOne(active, index, records, (change) => update(index as number, change))
  }
  try {
    failure.promise.catch(stop)
    // What joins others' work comes when all of it is over.
    for (const round of [waiting.filter((index) => !joining(index)), waiting.filter(joining)])
      await Promise.all(Array.from({ length: execution.workers }, () => worker(round)))
  } finally {
    await results.idle()
  }
  failure.check()
  return records
}

const warnOfOtherVersion = ({ sweep, folder, events }: ActiveSweep, records: readonly PointRecord[]): void => {
  const older = records.filter(({ state, key }, index) => {
    const pipeline = sweep.points[index]?.pipeline
    return state === 'done' && pipeline !== undefined && isOfOtherVersion(pointFolder(folder, key), pipeline)
  }).length
  if (older === 0) return
  const which = older === 1 ? '1 point that is done was' : `${older} points that are done were`
  const message = `${which} made by another version of the pipeline file: to do them anew by this one, take a new --out`
  events.next({ type: 'warning', stage: sweep.name, message })
}

/** Runs a point until it is done, has failed, or has crashed too often. */
const runOne = async (
  { sweep, options, execution, folder, events, signal }: ActiveSweep,
  index: number,
  records: readonly PointRecord[],
  update: (change: Partial<PointRecord>) => void,
): Promise<void> => {
  const point = sweep.points[index]
  const current = (): PointRecord => records[index] as PointRecord
  if (!point) return
  const { key, seed } = current()
  const place = { key, seed, folder: pointFolder(folder, key), options: passedOn(options) }
  for (let attempt = 1; !signal.aborted; attempt++) {
    update({ state: 'running', attempts: attempt })
    const running = execution.runPoint(point, place, (progress) =>
      events.next({ type: 'progress', point: current(), progress }),
    )
    signal.addEventListener('abort', running.stop)
    const ended = await running.outcome
    signal.removeEventListener('abort', running.stop)
    if (ended.type === 'done') return update({ state: 'done', summary: ended.summary })
    if (ended.type === 'failed')
      return update(
        ended.error._tag === 'InterruptedError' ? { state: 'waiting' } : { state: 'failed', error: ended.error },
      )
    // Ctrl-C reaches all processes of a terminal: one that had only begun to start ends by it.
    if (signal.aborted) return update({ state: 'waiting' })
    if (attempt >= execution.attempts) return update({ state: 'failed', error: crashed(ended.reason, attempt) })
    events.next({ type: 'again', point: current(), reason: ended.reason })
  }
}

const passedOn = ({ dataDir, engine, checkpoints }: RunOptions) => ({
  ...(dataDir === undefined ? {} : { dataDir }),
  ...(engine === undefined ? {} : { engine }),
  ...(checkpoints === undefined ? {} : { checkpoints }),
})

const crashed = (reason: string, attempts: number): PwoaError => ({
  _tag: 'RunError',
  stage: 'worker',
  expected: 'a process that comes to its end',
  actual: `${reason}${attempts > 1 ? `, ${attempts} times` : ''}`,
})
