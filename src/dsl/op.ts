import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Observable } from 'rxjs'
import type { DataFacts, Dataset } from './dataset.js'
import type { PwoaError } from './errors.js'
import type { Step } from './step.js'

/**
 * How cores share the work of a minibatch: each takes a part of it, or all work on one operation after the other.
 * Batch normalisation in training looks at a whole minibatch.
 */
export type Parallel = 'parts' | 'operations'

/** What a stage found in the files that it will read. */
export interface Found {
  /** A line each for `--plan`. */
  readonly says: readonly string[]
  /** How cores share its work, if that depends on what was found. @default as the stage declares */
  readonly parallel?: Parallel
}

/** Description of a stage, which a run prints, hashes and stores. */
export interface StageInfo {
  readonly stage: string
  /** The options in force, defaults included, as plain JSON. */
  readonly config: Readonly<Record<string, unknown>>
  /** Fields that must be on the step before this stage, and those it adds. */
  readonly needs: readonly string[]
  readonly adds: readonly string[]
  /** If a pipeline may hold only one such stage: what to use instead of a second one (a noun phrase for the error). */
  readonly once?: string
  /** How cores share its work. @default 'parts' */
  readonly parallel?: Parallel
  /** Files of weights that it reads. Their contents decide a result as its options do. Their paths are not hashed. */
  readonly reads?: readonly string[]
  /** Names of the files of networks that it writes into the run folder: later rows of a comparison may read them. */
  readonly writes?: readonly string[]
  /**
   * Looks at what it reads before a run starts, and before the engine is loaded.
   *
   * @param data what is known of the data before they are decoded; undefined before they are downloaded
   */
  readonly look?: (data: DataFacts | undefined) => TaskEither<PwoaError, Found>
  /** Checks the data before the first step. @throws OptionError for data that the stage cannot work on */
  readonly checkData?: (data: Dataset) => void
  /** What the stage does, in a few words, for `--plan`. Not part of the plan's hash. */
  readonly does?: string
}

/**
 * A stage: an ordinary RxJS operator with its name and options attached. The function itself is generic, so a stage in
 * the wrong place is a compile error on that stage.
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

/** Whether an operator is a stage, not a plain RxJS operator. */
export const isStage = (operator: unknown): operator is Op<unknown, unknown> =>
  typeof operator === 'function' && 'info' in operator
