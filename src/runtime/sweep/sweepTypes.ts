import type { Either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Observable } from 'rxjs'
import { objectCodec, optionalCodec, unknownFields } from '../../dsl/kit/codecOf.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import { type RunOptions, Summary } from '../../dsl/pipeline/run.js'
import { PwoaError } from '../../dsl/pwoaError.js'
import type { Step } from '../../dsl/step.js'
import { type Study, StudyRow } from '../../report/study/study.js'
import { PointParams, PointState, pointKey } from '../records/sweepFiles.js'
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

const pointRecord = objectCodec({
  label: t.string,
  /** Hash of plan, parameters, seed, package version, data and the checkpoints' contents; the name of its folder. */
  key: pointKey,
  params: PointParams,
  seed: t.number,
  state: PointState,
  /** How often it was begun; 0 if an earlier sweep had finished it. */
  attempts: t.number,
  summary: t.union([Summary, t.undefined]),
  /** Why it failed. */
  error: t.union([PwoaError, t.undefined]),
})

/** A point and what became of it. */
export interface PointRecord extends t.TypeOf<typeof pointRecord> {}

/** The codec of {@link PointRecord}. */
export const PointRecord: t.Type<PointRecord> = pointRecord

/** What happens in a sweep. */
export type SweepEvent =
  | { readonly type: 'point'; readonly point: PointRecord }
  | { readonly type: 'progress'; readonly point: PointRecord; readonly progress: PointProgress }
  | { readonly type: 'again'; readonly point: PointRecord; readonly reason: string }
  | { readonly type: 'warning'; readonly stage: string; readonly message: string }

const sweepSummary = t.intersection([
  objectCodec({
    /** The sweep's name. */
    sweep: t.string,
    params: unknownFields,
    /** Of the points that have none of their own. */
    seed: t.number,
    seconds: objectCodec({ total: t.number }),
    /** In the order of the sweep's. */
    points: t.readonlyArray(PointRecord),
  }),
  optionalCodec({
    /** Of a study: means over seeds. */
    study: t.readonlyArray(StudyRow),
  }),
])

/** `summary.json` of a sweep. */
export interface SweepSummary extends t.TypeOf<typeof sweepSummary> {}

/** The codec of {@link SweepSummary}. */
export const SweepSummary: t.Type<SweepSummary> = sweepSummary

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
