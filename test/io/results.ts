import * as E from 'fp-ts/lib/Either.js'
import { describeError, type FileError, type PwoaError } from '../../src/dsl/errors.js'

/** The value, or a failing test that shows the error. */
export const unwrap = <A>(result: E.Either<PwoaError, A>): A => {
  if (E.isLeft(result)) throw new Error(describeError(result.left))
  return result.right
}

/** The error, or a failing test. */
export const errorOf = <A>(result: E.Either<PwoaError, A>): PwoaError => {
  if (E.isRight(result)) throw new Error('expected an error, got a value')
  return result.left
}

/** The error, which must be a `FileError`. */
export const fileErrorOf = <A>(result: E.Either<PwoaError, A>): FileError => {
  const error = errorOf(result)
  if (error._tag !== 'FileError') throw new Error(`expected a FileError, got ${error._tag}`)
  return error
}
