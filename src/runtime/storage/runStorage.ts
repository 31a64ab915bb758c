import type { Summary } from '../../dsl/pipeline/run.js'

/** A point of a sweep, by the names that a job carries. */
export interface PointName {
  /** The sweep's folder. */
  readonly sweep: string
  readonly key: string
}

/** A point's run folder on this machine, while the point is run here. */
export interface OpenRun {
  /** Absolute. */
  readonly folder: string
  /** Told now and then that the run goes on: what it has got to is kept, beside it. */
  readonly advanced: () => void
  /** Brings what other points of the sweep have found to where this one looks for it; false where they are not done. */
  readonly bring: (keys: readonly string[]) => Promise<boolean>
  /** Keeps the run that is done. The summary is that of whoever was done first. */
  readonly finish: (summary: Summary) => Promise<Summary>
  /** Keeps what there is of a run that is not done, for whoever goes on with it. */
  readonly leave: () => Promise<void>
}

/**
 * Where all workers keep the runs of sweeps. What it can't do is thrown as a `PwoaFailure`: of a `FileError` where no worker
 * could do it at any time, of any other error where another one may, or a later attempt.
 */
export interface RunStorage {
  /** For people; without secrets. */
  readonly shown: string
  /** Variables of the environment that are its secrets: a pipeline's process is started without them. */
  readonly secrets: readonly string[]
  /** The summary of a point that is done; undefined for any other. */
  readonly finished: (point: PointName) => Promise<Summary | undefined>
  /** The point's folder, with what an earlier worker left of it; undefined where another process is in it. */
  readonly open: (point: PointName) => Promise<OpenRun | undefined>
  /** The worker is to leave: nothing is waited for that does not answer at once. */
  readonly hurry: () => void
  readonly close: () => void
}
