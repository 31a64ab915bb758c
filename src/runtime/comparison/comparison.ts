import type { Either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Observable } from 'rxjs'
import type { PwoaError } from '../../dsl/errors.js'
import { objectCodec, recordCodec, unknownFields } from '../../dsl/kit/codecOf.js'
import { amountCodec, seedCodec } from '../../dsl/kit/figureCodecs.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import { type RunHandle, type RunOptions, Summary } from '../../dsl/pipeline/run.js'
import type { Step } from '../../dsl/step.js'

/** Several pipelines that are run in turn, for one table. Immutable. */
export interface Comparison {
  readonly kind: 'comparison'
  readonly name: string
  /** The parameters it was made from, if `definePipeline` made it. */
  readonly params: Readonly<Record<string, unknown>>
  /** The pipelines by the labels of their rows, in order. */
  readonly rows: Readonly<Record<string, Pipeline<Step>>>
  /** The same comparison with other parameters recorded, in all its rows. */
  readonly withParams: (params: Readonly<Record<string, unknown>>) => Comparison
  /** Starts the runs of the rows, one after the other. */
  readonly run: (options?: RunOptions) => ComparisonHandle
}

const comparisonSummary = objectCodec({
  /** The comparison's name. */
  pipeline: t.string,
  params: unknownFields,
  seed: seedCodec,
  seconds: objectCodec({ total: amountCodec }),
  /** By the labels of the rows. */
  rows: recordCodec(Summary),
})

/** `summary.json` of a comparison. */
export interface ComparisonSummary extends t.TypeOf<typeof comparisonSummary> {}

/** The codec of {@link ComparisonSummary}. */
export const ComparisonSummary: t.Type<ComparisonSummary> = comparisonSummary

/** A row of a comparison that is being run. */
export interface ComparisonRow {
  readonly label: string
  /** Position among the rows, from 0, and how many there are. */
  readonly index: number
  readonly count: number
  readonly run: RunHandle
}

/** A comparison that has been started. */
export interface ComparisonHandle {
  /** The run folder, absolute; each row has a folder of its own in it. */
  readonly folder: string
  /** Each row's run as it starts. Hot; completes when the last run is over. */
  readonly runs$: Observable<ComparisonRow>
  readonly result: Promise<Either<PwoaError, ComparisonSummary>>
  /** The summary. Rejects with a `PwoaFailure`: an `Error` with `message`, `stage` and, if it is known, a `hint`. */
  readonly summary: Promise<ComparisonSummary>
  /** Saves and ends the run that is under way; `result` is then an `InterruptedError`. */
  readonly stop: () => void
}
