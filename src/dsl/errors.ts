import { type Either, isLeft } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'

/**
 * Errors are data: a tagged union that stages and readers return or throw (wrapped in `PwoaFailure`),
 * and that only `cli` draws, e.g. `admmMask: expected rate > 1, got 0`.
 */

/** What every error says: where it happened, what was expected there, and what was found instead. */
interface ErrorFacts {
  /** The stage, reader or option that noticed it: `admmMask`, `loadTeacher`, `--set`. */
  readonly stage: string
  /** What would have been right, as a noun phrase or a condition: `rate > 1`, `a file of 47,040,016 bytes`. */
  readonly expected: string
  /** What was there: `0`, `47,040,000 bytes`. */
  readonly actual: string
  /** What the user can do about it, as a whole sentence. */
  readonly hint?: string
  /** The underlying exception, shown only when asked for. */
  readonly cause?: unknown
}

/** Wrong usage: an unknown flag, key or pipeline file. Exit code 2. */
export interface UsageError extends ErrorFacts {
  readonly _tag: 'UsageError'
}

/** An option, parameter or stage order that can't work. Exit code 2. */
export interface OptionError extends ErrorFacts {
  readonly _tag: 'OptionError'
}

/** A file that is missing, truncated, oversized, corrupt, malicious or of another kind. Exit code 2. */
export interface FileError extends ErrorFacts {
  readonly _tag: 'FileError'
  readonly file: string
}

/** The run itself failed: a loss that is not finite, a custom stage that threw. Exit code 1. */
export interface RunError extends ErrorFacts {
  readonly _tag: 'RunError'
}

/** Writing failed: a full disk, a read-only folder. Exit code 1. */
export interface WriteError extends ErrorFacts {
  readonly _tag: 'WriteError'
  readonly file: string
}

/** Ctrl-C: the state was saved, and `hint` says how to go on. Exit code 130. */
export interface InterruptedError extends ErrorFacts {
  readonly _tag: 'InterruptedError'
}

/** What can go wrong, as data: each says which stage, what was expected and what was there. */
export type PwoaError = UsageError | OptionError | FileError | RunError | WriteError | InterruptedError

/** Carries a `PwoaError` through places that only know exceptions: an RxJS error channel, a rejected promise. */
export class PwoaFailure extends Error {
  readonly error: PwoaError

  constructor(error: PwoaError) {
    super(describeError(error), { cause: error.cause })
    this.name = 'PwoaFailure'
    this.error = error
  }
}

/** One line: `stage: expected …, got …`, with the file where there is one. */
export const describeError = (error: PwoaError): string => {
  const place = 'file' in error ? `${error.stage}: ${error.file}` : error.stage
  return `${place}: expected ${error.expected}, got ${error.actual}`
}

/**
 * Turns whatever was thrown into a `PwoaError`; what is none already becomes a `RunError` of `stage`.
 * The one place where the unknown enters.
 */
export const toPwoaError = (stage: string, thrown: unknown): PwoaError =>
  thrown instanceof PwoaFailure
    ? thrown.error
    : {
        _tag: 'RunError',
        stage,
        expected: 'to run without an exception',
        actual: thrown instanceof Error ? thrown.message : String(thrown),
        cause: thrown,
      }

/** Throws an `OptionError`: the way in which an operator's factory refuses its options, before any subscription. */
export const rejectOption = (stage: string, expected: string, actual: unknown): never => {
  throw new PwoaFailure({ _tag: 'OptionError', stage, expected, actual: String(actual) })
}

/** The value of a result; its error is thrown as a `PwoaFailure`. */
export const valueOf = <A>(result: Either<PwoaError, A>): A => {
  if (isLeft(result)) throw new PwoaFailure(result.left)
  return result.right
}

/** The value of a task; its error is thrown as a `PwoaFailure`. */
export const valueOfTask = async <A>(task: TaskEither<PwoaError, A>): Promise<A> => valueOf(await task())

/** `toPwoaError`, with the exception as the cause where there is no other: `--trace` shows where it was thrown. */
export const errorOf = (stage: string, thrown: unknown): PwoaError => {
  const error = toPwoaError(stage, thrown)
  return thrown instanceof PwoaFailure && error.cause === undefined ? { ...error, cause: thrown } : error
}
