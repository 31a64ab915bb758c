import type { Observable } from 'rxjs'
import type { Dataset } from './dataset.js'
import type { Step } from './step.js'

/**
 * How cores share the work of a minibatch: each takes a part of it, or all work on one operation after the other.
 * Batch normalisation in training looks at a whole minibatch.
 */
export type Parallel = 'parts' | 'operations'

/** What a run prints, hashes and stores of a stage. */
export interface StageInfo {
  readonly stage: string
  /** The options in force, defaults included, as plain JSON. */
  readonly config: Readonly<Record<string, unknown>>
  /** Fields that must be on the step before this stage, and those it adds. */
  readonly needs: readonly string[]
  readonly adds: readonly string[]
  /** Where a pipeline can have but one of it: what to write instead of a second, as a noun phrase. */
  readonly once?: string
  /** How cores are to share its work, where that is not by parts. */
  readonly parallel?: Parallel
  /** Files of weights that it reads: what is in them decides a result as its options do. Not part of the plan's hash. */
  readonly reads?: readonly string[]
  /** Refuses data that it can't work on, as soon as there is any and before the first step, by throwing an `OptionError`. */
  readonly checkData?: (data: Dataset) => void
  /** What it will do, in a few words, as `--plan` prints it. Not part of the plan's hash. */
  readonly does?: string
}

/**
 * A stage: an ordinary RxJS operator with its name and options attached. The generic sits on the function, so that
 * a stage in the wrong place is a compile error on that stage.
 */
export interface Op<Needs, Adds> {
  <S extends Step & Needs>(source: Observable<S>): Observable<S & Adds>
  readonly info: StageInfo
}

/** Attaches a stage's name and options to its operator function. */
export const stage = <Needs, Adds>(
  info: StageInfo,
  operator: <S extends Step & Needs>(source: Observable<S>) => Observable<S & Adds>,
): Op<Needs, Adds> => Object.assign(<S extends Step & Needs>(source: Observable<S>) => operator(source), { info })

/** Whether an operator is a stage of ours, not a plain RxJS one. */
export const isStage = (operator: unknown): operator is Op<unknown, unknown> =>
  typeof operator === 'function' && 'info' in operator
