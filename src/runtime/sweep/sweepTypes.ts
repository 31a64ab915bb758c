import type { Either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Observable } from 'rxjs'
import { objectCodec, optionalCodec, unknownFields } from '../../dsl/kit/codecOf.js'
import { amountCodec, countCodec, seedCodec } from '../../dsl/kit/figureCodecs.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import { type RunOptions, Summary } from '../../dsl/pipeline/run.js'
import { PwoaError } from '../../dsl/pwoaError.js'
import type { Step } from '../../dsl/step.js'
import { SearchSummary } from '../../report/study/searchTable.js'
import { type Study, StudyRow } from '../../report/study/study.js'
import { PointParams, PointState, pointKey } from '../records/sweepFiles.js'
import { type SearchPlan, Standing } from '../search/searchTypes.js'
import type { PointProgress } from './pointMessages.js'

/** One run of a sweep. */
export interface SweepPoint {
  /** Its parameters in words: `rate=4 seed=0`. */
  readonly label: string
  readonly params: PointParams
  /** Undefined if the sweep's seed applies. */
  readonly seed: number | undefined
  readonly pipeline: Pipeline<Step>
  /** Points of the same sweep that run before this one, which joins their results. */
  readonly parts?: readonly SweepPoint[]
}

/** A pipeline for many parameters. Immutable. */
export interface Sweep {
  readonly kind: 'sweep'
  readonly name: string
  /** The parameters it was made from, if `definePipeline` made it. */
  readonly params: Readonly<Record<string, unknown>>
  readonly points: readonly SweepPoint[]
  /** How its points are compared, if they are. */
  readonly study: Study | undefined
  /** How it goes on, if it is a search. */
  readonly search: SearchPlan | undefined
  /** The same sweep with these parameters recorded in all its points. */
  readonly withParams: (params: Readonly<Record<string, unknown>>) => Sweep
  /**
   * Runs the points in this process, one after the other; `pwoa-run --workers` runs several at the same time. `out`, by
   * default `runs/<name>`, may be the folder of an earlier sweep of this name: points that are finished there are kept.
   */
  readonly run: (options?: RunOptions) => SweepHandle
}

const pointFacts = objectCodec({
  label: t.string,
  /** Hash of plan, parameters, seed, package version, data and the checkpoints' contents; the name of its folder. */
  key: pointKey,
  params: PointParams,
  seed: seedCodec,
  state: PointState,
  /** How often it was started; 0 if an earlier sweep had finished it. */
  attempts: countCodec,
  summary: t.union([Summary, t.undefined]),
  /** Why it failed. */
  error: t.union([PwoaError, t.undefined]),
})

const pointRecord = t.intersection([
  pointFacts,
  optionalCodec({
    /** How it stands in a search. */
    standing: Standing,
  }),
])

/** A point and its result. */
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
    /** The seed of the points that have no seed of their own. */
    seed: seedCodec,
    seconds: objectCodec({ total: amountCodec }),
    /** In the sweep's order. */
    points: t.readonlyArray(PointRecord),
  }),
  optionalCodec({
    /** Of a study: means over seeds. */
    study: t.readonlyArray(StudyRow),
    /** Of a search: its points, ranked. */
    search: SearchSummary,
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
  /** Hot; starts with the state of every point. Completes when the sweep is over. */
  readonly events$: Observable<SweepEvent>
  /**
   * The summary includes points that failed. It is an error if the sweep as a whole fails, as it does if the first two
   * points, or the only one, fail by the same mistake in an option or a file.
   */
  readonly result: Promise<Either<PwoaError, SweepSummary>>
  /** The summary. Rejects with a `PwoaFailure`: an `Error` with `message`, `stage` and, if it is known, a `hint`. */
  readonly summary: Promise<SweepSummary>
  /** Saves and ends the runs that are under way; `result` is then an `InterruptedError`. */
  readonly stop: () => void
}
