import * as E from 'fp-ts/lib/Either.js'
import { type FileError, type PwoaError, PwoaFailure } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { messageOf } from './thrown.js'

/** Thrown inside a parser, which does not know the file. `refusing` or `placing` converts it to a `FileError`. */
export class Refusal extends Error {
  readonly expected: string
  readonly actual: string
  readonly hint: string | undefined

  constructor(expected: string, actual: string, hint?: string) {
    super(`expected ${expected}, got ${actual}`)
    this.name = 'Refusal'
    this.expected = expected
    this.actual = actual
    this.hint = hint
  }
}

/**
 * Stops a parser. The nearest `refusing` or `placing` adds the file and the stage.
 *
 * @throws Refusal always
 */
export const refuse = (expected: string, actual: string, hint?: string): never => {
  throw new Refusal(expected, actual, hint)
}

/** The file that is read, and the stage that reads it: both are part of every error. */
export interface Place {
  readonly stage: string
  readonly file: string
}

/** A refusal as data. Any other exception means a corrupt file, too; the error keeps it as its cause. */
export const toFileError = (place: Place, thrown: unknown): FileError =>
  thrown instanceof Refusal
    ? {
        _tag: 'FileError',
        ...place,
        expected: thrown.expected,
        actual: thrown.actual,
        ...given({ hint: thrown.hint }),
      }
    : {
        _tag: 'FileError',
        ...place,
        expected: 'a readable file',
        actual: `a file that fails with "${messageOf(thrown)}"`,
        cause: thrown,
      }

/** A refusal with its place, for a reader to throw. */
export const refusalAt = (place: Place, expected: string, actual: string, hint?: string): PwoaFailure =>
  new PwoaFailure(toFileError(place, new Refusal(expected, actual, hint)))

/**
 * Runs an asynchronous reader and adds the place to its refusals.
 *
 * @throws PwoaFailure with a FileError for a refusal; other exceptions pass unchanged
 */
export const placing = async <A>(place: Place, read: () => Promise<A>): Promise<A> => {
  try {
    return await read()
  } catch (thrown) {
    throw thrown instanceof Refusal ? new PwoaFailure(toFileError(place, thrown)) : thrown
  }
}

/**
 * Runs a parser.
 *
 * @returns its value, or a FileError for whatever it throws
 */
export const refusing = <A>(place: Place, parse: () => A): E.Either<PwoaError, A> =>
  E.tryCatch(parse, (thrown) => toFileError(place, thrown))

/** Text from a file for one line of an error: quoted, escaped and at most 80 characters long. */
export const quoted = (text: string): string => JSON.stringify(clipped(text))

/** Text of at most 80 characters. */
export const clipped = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text)
