import type { Either } from 'fp-ts/lib/Either.js'
import type { Observable } from 'rxjs'
import type { PwoaError } from '../../dsl/errors.js'
import type { Pipeline } from '../../dsl/pipeline.js'
import type { RunOptions, Summary } from '../../dsl/run.js'
import type { Step } from '../../dsl/step.js'
import type { Study, StudyRow } from '../../report/study/study.js'
import type { PointParams } from '../records/sweepFiles.js'
import type { PointProgress } from './pointMessages.js'

/** One run of a sweep. */
export interface SweepPoint {
  /** Its parameters in words: `rate=4 seed=0`. */
  readonly label: string
  readonly params: PointParams
  /** Undefined where the sweep's own seed holds. */
  readonly seed: number | undefined
  readonly pipeline: Pipeline<Step>
  /** Points of the same sweep that are done before this one, which takes over what they have written down. */
  readonly parts?: readonly SweepPoint[]
}

/** A pipeline for many parameters. Immutable. */
export interface Sweep {
  readonly kind: 'sweep'
  readonly name: string
  /** The parameters it was made from, where it was made by `definePipeline`. */
  readonly params: Readonly<Record<string, unknown>>
  readonly points: readonly SweepPoint[]
  /** How its points are set side by side, where they are. */
  readonly study: Study | undefined
  /** The same sweep with these parameters on record in all its points. */
  readonly withParams: (params: Readonly<Record<string, unknown>>) => Sweep
  /**
   * Runs the points in this process, one after the other; `pwoa-run --workers` runs several side by side. `out`, by
   * default `runs/<name>`, may be the folder of an earlier sweep of this name: what is finished there stays.
   */
  readonly run: (options?: RunOptions) => SweepHandle
}

/** A point and what became of it. */
export interface PointRecord {
  readonly label: string
  /** Hash of plan, parameters, seed, package version, data and the checkpoints' contents; the name of its folder. */
  readonly key: string
  readonly params: PointParams
  readonly seed: number
  readonly state: 'waiting' | 'running' | 'done' | 'failed'
  /** How often it was begun; 0 where it was done before. */
  readonly attempts: number
  readonly summary: Summary | undefined
  /** Why it failed. */
  readonly error: PwoaError | undefined
}

/** What happens in a sweep. */
export type SweepEvent =
  | { readonly type: 'point'; readonly point: PointRecord }
  | { readonly type: 'progress'; readonly point: PointRecord; readonly progress: PointProgress }
  | { readonly type: 'again'; readonly point: PointRecord; readonly reason: string }
  | { readonly type: 'warning'; readonly stage: string; readonly message: string }

/** `summary.json` of a sweep. */
export interface SweepSummary {
  readonly sweep: string
  readonly params: Readonly<Record<string, unknown>>
  readonly seed: number
  readonly seconds: { readonly total: number }
  readonly points: readonly PointRecord[]
  /** Of a study: means over seeds. */
  readonly study?: readonly StudyRow[]
}

/** A sweep that has been started. */
export interface SweepHandle {
  /** The sweep's folder, absolute. */
  readonly folder: string
  /** Hot; begins with every point as it stands. Completes when the sweep is over. */
  readonly events$: Observable<SweepEvent>
  /**
   * A point that fails is in the summary; an error is what ends the whole. That is also a mistake in an option or a
   * file by which the first two points fail, or the only one.
   */
  readonly result: Promise<Either<PwoaError, SweepSummary>>
  /** Saves and ends the runs that are under way; `result` is then an `InterruptedError`. */
  readonly stop: () => void
}
