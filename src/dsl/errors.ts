import type { Either } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { PwoaError } from './pwoaError.js'

export type {
  FileError,
  InterruptedError,
  OptionError,
  PwoaError,
  RunError,
  UsageError,
  WriteError,
} from './pwoaError.js'

/** Carries a `PwoaError` through places that only know exceptions: an RxJS error channel, a rejected promise. */
export class PwoaFailure extends Error {
  readonly error: PwoaError

  /** The stage, reader or option that noticed it. */
  get stage(): string {
    return this.error.stage
  }

  /** What to do about it, as a whole sentence, if that is known. */
  get hint(): string | undefined {
    return this.error.hint
  }

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
 * Converts anything thrown to a `PwoaError`; other values become a `RunError` of `stage`.
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

/** Refuses an option, before any subscription. @throws OptionError always */
export const rejectOption = (stage: string, expected: string, actual: unknown): never => {
  throw new PwoaFailure({ _tag: 'OptionError', stage, expected, actual: String(actual) })
}

/** The value of a result; its error is thrown as a `PwoaFailure`. */
export const valueOf = <A>(result: Either<PwoaError, A>): A => {
  // Not by fp-ts's own function: `pwoa-run --help` loads this file, and would load fp-ts.
  if (result._tag === 'Left') throw new PwoaFailure(result.left)
  return result.right
}

/**
 * The value of a result that is on its way, for those who catch exceptions. Its rejection, a `PwoaFailure`, is handled
 * even where nothing reads it: the result has the error too.
 */
export const valueOfResult = <A>(result: Promise<Either<PwoaError, A>>): Promise<A> => {
  const value = result.then(valueOf)
  value.catch(() => undefined)
  return value
}

/** The value of a task; its error is thrown as a `PwoaFailure`. */
export const valueOfTask = async <A>(task: TaskEither<PwoaError, A>): Promise<A> => valueOf(await task())

/** `toPwoaError`, with the exception as the cause if it has no other: `--trace` shows where it was thrown. */
export const errorOf = (stage: string, thrown: unknown): PwoaError => {
  const error = toPwoaError(stage, thrown)
  return thrown instanceof PwoaFailure && error.cause === undefined ? { ...error, cause: thrown } : error
}
