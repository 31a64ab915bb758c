import { Subject } from 'rxjs'
import { PwoaFailure } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import type { RunOptions } from '../../dsl/pipeline/run.js'
import { withoutCause } from '../../dsl/pwoaError.js'
import { pointFolder } from '../folder/folderNames.js'
import { isOfOtherVersion } from '../folder/planFile.js'
import { finishedIn } from '../folder/runInFolder.js'
import { writeSummary } from '../records/writeReport.js'
import { firstFailure, newestWriter } from '../run/concurrency.js'
import { interrupted } from '../run/interrupted.js'
import { startLater } from '../run/startLater.js'
import { commonMistake } from './commonMistake.js'
import { type ActiveSweep, type Execution, runOne, type TrackedPoint, type Update } from './runOne.js'
import { runSearch } from './runSearch.js'
import { searchSummary } from './searchSummary.js'
import { whyNoCharts } from './studyCharts.js'
import { studyOf } from './studyResults.js'
import { chooseSweepFolder, keysOf, openSweepFolder } from './sweepFolder.js'
import type { PointRecord, Sweep, SweepEvent, SweepHandle, SweepSummary } from './sweepTypes.js'
import { trialSweep } from './trialSweep.js'
import { writeResults } from './writeResults.js'

/** Starts a sweep, in a later turn of the event loop, so that the caller can subscribe first. */
export const startSweep = (asked: Sweep, options: RunOptions, execution: Execution): SweepHandle => {
  const sweep = options.trial === undefined ? asked : trialSweep(asked)
  const folder = chooseSweepFolder(sweep.name, options)
  const events = new Subject<SweepEvent>()
  const started = startLater(
    sweep.name,
    (controller) => executeSweep({ sweep, options, execution, folder, events, controller, stops: new Set() }),
    () => events.complete(),
    options.signal,
  )
  return { folder, events$: events.asObservable(), ...started }
}

const executeSweep = async (active: ActiveSweep): Promise<SweepSummary> => {
  const { sweep, options, folder, controller } = active
  const started = performance.now()
  const lock = await openSweepFolder(sweep, folder, options)
  try {
    const points = await runPoints(active)
    if (controller.signal.aborted) throw new PwoaFailure(interrupted(sweep.name, folder))
    const summary: SweepSummary = {
      sweep: sweep.name,
      params: sweep.params,
      seed: options.seed ?? 0,
      seconds: { total: (performance.now() - started) / 1000 },
      points,
      ...given({
        study: sweep.study && studyOf(points, sweep.study),
        search: sweep.search && searchSummary(points, sweep.search),
      }),
    }
    await writeSummary(folder, { ...summary, points: points.map(stored) })
    return summary
  } finally {
    lock.release()
  }
}

/** A point as `summary.json` has it. */
const stored = (point: PointRecord): PointRecord => ({ ...point, error: point.error && withoutCause(point.error) })

const trackedPoints = async ({ sweep, options, folder }: ActiveSweep): Promise<readonly TrackedPoint[]> => {
  const seeded = sweep.points.map((point) => ({
    point,
    pipeline: point.pipeline,
    seed: point.seed ?? options.seed ?? 0,
  }))
  const keys = await keysOf(seeded, options.dataDir)
  return seeded.map(({ point, seed }, index) => {
    const key = keys[index] ?? ''
    const summary = finishedIn(pointFolder(folder, key))
    const state = summary ? 'done' : 'waiting'
    const { label, params } = point
    return { point, record: { label, params, seed, key, state, attempts: 0, summary, error: undefined } }
  })
}

/** How many points must fail by the same mistake before the sweep ends. */
const ENOUGH = 2

const runPoints = async (active: ActiveSweep): Promise<readonly PointRecord[]> => {
  const { sweep, events, controller, folder, stops } = active
  controller.signal.addEventListener('abort', () => {
    for (const stop of stops) stop()
  })
  const failure = firstFailure()
  const all = await trackedPoints(active)
  const records = (): readonly PointRecord[] => all.map(({ record }) => record)
  const results = newestWriter<readonly PointRecord[]>((points) => writeResults(folder, points, sweep), failure.fail)
  const update: Update = (tracked, change) => {
    const point = { ...tracked.record, ...change }
    tracked.record = point
    events.next({ type: 'point', point })
    if (point.state === 'waiting' || point.state === 'running') return
    results.write(records())
    // If the first points all fail by the same mistake, the others are assumed to fail by it as well.
    const mistake = commonMistake(records())
    if (mistake && mistake.points >= Math.min(ENOUGH, all.length)) failure.fail(new PwoaFailure(mistake.error))
  }
  for (const point of records()) events.next({ type: 'point', point })
  warnOfOtherVersion(active, all)
  await warnOfCharts(active)
  results.write(records())

  try {
    failure.promise.catch(() => controller.abort())
    if (sweep.search) await runSearch(active, all, update, sweep.search)
    else await runAll(active, all, update)
  } finally {
    await results.idle()
  }
  failure.check()
  return records()
}

const runAll = async (active: ActiveSweep, all: readonly TrackedPoint[], update: Update): Promise<void> => {
  const waiting = all.filter(({ record }) => record.state === 'waiting')
  const joins = ({ point }: TrackedPoint): boolean => point.parts !== undefined
  const worker = async (left: TrackedPoint[]): Promise<void> => {
    for (let next = left.shift(); next && !active.controller.signal.aborted; next = left.shift())
      await runOne(active, next, update)
  }
  // A point that joins the results of others runs after all of them.
  for (const round of [waiting.filter((one) => !joins(one)), waiting.filter(joins)])
    await Promise.all(Array.from({ length: active.execution.workers }, () => worker(round)))
}

const warnOfOtherVersion = ({ sweep, folder, events }: ActiveSweep, all: readonly TrackedPoint[]): void => {
  const older = all.filter(
    ({ point, record: { state, key } }) =>
      state === 'done' && isOfOtherVersion(pointFolder(folder, key), point.pipeline),
  ).length
  if (older === 0) return
  const which = older === 1 ? '1 finished point was' : `${older} finished points were`
  const message = `${which} made by another version of the pipeline file: to run them again by this one, name a new folder by the option out`
  events.next({ type: 'warning', stage: sweep.name, message })
}

const warnOfCharts = async ({ sweep, events }: ActiveSweep): Promise<void> => {
  const message = sweep.study && (await whyNoCharts())
  if (message !== undefined) events.next({ type: 'warning', stage: sweep.name, message })
}
