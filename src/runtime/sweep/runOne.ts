import type { Subject } from 'rxjs'
import type { PwoaError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import type { RunOptions } from '../../dsl/pipeline/run.js'
import { pointFolder } from '../folder/folderNames.js'
import type { Reached, Target } from '../search/target.js'
import type { CrashedPoint, PointOutcome, PointPlace } from './pointMessages.js'
import type { RunPoint } from './runPoint.js'
import type { PointRecord, Sweep, SweepEvent, SweepPoint } from './sweepTypes.js'

/** How the points are run. */
export interface Execution {
  /** How many run at the same time, >= 1. */
  readonly workers: number
  /** How often a point is started at most, if it crashes; >= 1. */
  readonly attempts: number
  readonly runPoint: RunPoint
}

/** A sweep that is under way. */
export interface ActiveSweep {
  readonly sweep: Sweep
  readonly options: RunOptions
  readonly execution: Execution
  readonly folder: string
  readonly events: Subject<SweepEvent>
  readonly controller: AbortController
  /** Stops the points that are running. With a queue, all of them run at the same time. */
  readonly stops: Set<() => void>
}

/** A point of the sweep, and its current state. */
export interface TrackedPoint {
  readonly point: SweepPoint
  record: PointRecord
}

/** Changes the record of a point. */
export type Update = (tracked: TrackedPoint, change: Partial<PointRecord>) => void

/**
 * Runs a point until it is done, has reached its target, has failed, or has crashed too often.
 *
 * @param target how far it runs, in a search
 * @returns what it has reached there; undefined without a target, or if it did not come so far
 */
export const runOne = async (
  { options, execution, folder, events, stops, controller: { signal } }: ActiveSweep,
  tracked: TrackedPoint,
  update: Update,
  target?: Target,
): Promise<Reached | undefined> => {
  const { key, seed } = tracked.record
  const place: PointPlace = {
    key,
    seed,
    folder: pointFolder(folder, key),
    options: passedOn(options),
    ...given({ target }),
  }
  for (let attempt = 1; !signal.aborted; attempt++) {
    update(tracked, { state: 'running', attempts: attempt })
    const running = execution.runPoint(tracked.point, place, (progress) =>
      events.next({ type: 'progress', point: tracked.record, progress }),
    )
    stops.add(running.stop)
    if (signal.aborted) running.stop()
    const ended = await running.outcome
    stops.delete(running.stop)
    if (ended.type !== 'crashed') {
      update(tracked, changeBy(ended))
      return 'reached' in ended ? ended.reached : undefined
    }
    // Ctrl-C reaches all processes of a terminal, and ends one that is still starting.
    if (signal.aborted) {
      update(tracked, { state: 'waiting' })
      return undefined
    }
    if (attempt >= execution.attempts) {
      update(tracked, { state: 'failed', error: crashed(ended.reason, attempt) })
      return undefined
    }
    events.next({ type: 'again', point: tracked.record, reason: ended.reason })
  }
  return undefined
}

/** What the end of a run changes in its record. */
const changeBy = (ended: Exclude<PointOutcome, CrashedPoint>): Partial<PointRecord> => {
  if (ended.type === 'done') return { state: 'done', summary: ended.summary }
  if (ended.type === 'paused' || ended.error._tag === 'InterruptedError') return { state: 'waiting' }
  return { state: 'failed', error: ended.error }
}

const passedOn = ({ dataDir, engine, checkpoints, trial, log, resumeOn }: RunOptions): PointPlace['options'] =>
  given({ dataDir, engine, checkpoints, trial, log, resumeOn })

const crashed = (reason: string, attempts: number): PwoaError => ({
  _tag: 'RunError',
  stage: 'worker',
  expected: 'a process that ends with a result',
  actual: `${reason}${attempts > 1 ? `, ${attempts} times` : ''}`,
  hint: 'Its folder is whole: the same command goes on from its last checkpoint.',
})
