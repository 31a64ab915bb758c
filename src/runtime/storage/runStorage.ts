import type { Summary } from '../../dsl/pipeline/run.js'
import type { Reached, Target } from '../search/target.js'

/** A point of a sweep, by the names in a job. */
export interface PointName {
  /** The sweep's folder. */
  readonly sweep: string
  readonly key: string
}

/** The result of a finished point. */
export interface FinishedRun {
  readonly summary: Summary
  /** Hash of the pipeline file's code that the run was started by; undefined for one without a file. */
  readonly fileVersion: string | undefined
}

/** What a run has reached. */
export interface ReachedRun extends Pick<FinishedRun, 'fileVersion'> {
  readonly reached: Reached
}

/** A point's run folder on this machine, while the point is run here. */
export interface OpenRun {
  /** Absolute. */
  readonly folder: string
  /** To be called whenever the run has advanced: its progress is saved in the background. */
  readonly advanced: () => void
  /** Copies the results of other points of the sweep to where this one reads them; false if one is not finished. */
  readonly bring: (keys: readonly string[]) => Promise<boolean>
  /** Stores the finished run. Returns the summary of the worker that finished the point first. */
  readonly finish: (summary: Summary) => Promise<Summary>
  /** Saves an unfinished run, for the worker that continues it. */
  readonly leave: () => Promise<void>
}

/**
 * Where all workers keep the runs of sweeps. Its functions throw a `PwoaFailure`: with a `FileError` if no worker could
 * succeed, with any other error if another worker or a later attempt may.
 */
export interface RunStorage {
  /** The place, for messages, without secrets. */
  readonly shown: string
  /** Environment variables with its secrets: the processes of points are started without them. */
  readonly secrets: readonly string[]
  /** The result of a finished point; undefined for any other. */
  readonly finished: (point: PointName) => Promise<FinishedRun | undefined>
  /** What a point has reached, finished or not; undefined if it has not come so far, or no worker has stored it yet. */
  readonly reached: (point: PointName, target: Target) => Promise<ReachedRun | undefined>
  /** The point's folder, with what an earlier worker saved; undefined if another process is using it. */
  readonly open: (point: PointName) => Promise<OpenRun | undefined>
  /** The worker is stopping: from now on, waits for the store are short. */
  readonly hurry: () => void
  readonly close: () => void
}
