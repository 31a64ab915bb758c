import * as E from 'fp-ts/lib/Either.js'
import { type FileError, type PwoaError, PwoaFailure } from '../../dsl/errors.js'

/** Thrown inside a parser, never out of one: `refusing` turns it into a `FileError`. */
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

/** Leaves a parser; the nearest `refusing` adds the file and the stage. */
export const refuse = (expected: string, actual: string, hint?: string): never => {
  throw new Refusal(expected, actual, hint)
}

/** Where a parser's refusals belong. */
export interface Place {
  readonly stage: string
  readonly file: string
}

/** A refusal as data. An exception that no parser foresaw is a corrupt file as well, with the exception as its cause. */
export const toFileError = (place: Place, thrown: unknown): FileError =>
  thrown instanceof Refusal
    ? {
        _tag: 'FileError',
        ...place,
        expected: thrown.expected,
        actual: thrown.actual,
        ...(thrown.hint === undefined ? {} : { hint: thrown.hint }),
      }
    : {
        _tag: 'FileError',
        ...place,
        expected: 'a readable file',
        actual: `one that fails with "${thrown instanceof Error ? thrown.message : String(thrown)}"`,
        cause: thrown,
      }

/** A refusal with its place, to be thrown out of a reader. */
export const refusalAt = (place: Place, expected: string, actual: string, hint?: string): PwoaFailure =>
  new PwoaFailure(toFileError(place, new Refusal(expected, actual, hint)))

/** Runs a reader whose refusals are exceptions, and gives these their place; other exceptions stay as they are. */
export const placing = async <A>(place: Place, read: () => Promise<A>): Promise<A> => {
  try {
    return await read()
  } catch (thrown) {
    throw thrown instanceof Refusal ? new PwoaFailure(toFileError(place, thrown)) : thrown
  }
}

/** Runs a parser whose refusals are exceptions and gives them back as data. */
export const refusing = <A>(place: Place, parse: () => A): E.Either<PwoaError, A> =>
  E.tryCatch(parse, (thrown) => toFileError(place, thrown))

/** Text out of a file, made fit for one line of an error: quoted, escaped and at most 80 characters long. */
export const quoted = (text: string): string => JSON.stringify(clipped(text))

/** Text of at most 80 characters. */
export const clipped = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text)
