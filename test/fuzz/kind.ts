import { type Either, isLeft } from 'fp-ts/lib/Either.js'
import { PwoaFailure } from '../../src/dsl/errors.js'
import type { ReadBudget } from '../../src/io/files/readBudget.js'
import { Refusal } from '../../src/io/files/refusal.js'

/** A file in parts. A part is changed and the file is built again, so that its checksums and lengths are right. */
export interface Seed {
  readonly parts: readonly Uint8Array[]
  readonly build: (parts: readonly Uint8Array[]) => Uint8Array
}

/** A file that is changed as a whole. */
export const whole = (bytes: Uint8Array): Seed => ({ parts: [bytes], build: ([only = bytes]) => only })

/** One kind of file, its reader, and files to change. */
export interface FuzzKind {
  readonly seeds: () => Promise<readonly Seed[]>
  /** Files that were made to cost much, by what they do. */
  readonly hostile: Readonly<Record<string, () => Uint8Array>>
  /**
   * Reads a file.
   *
   * @throws a PwoaFailure or a Refusal for a file that is refused; anything else is a fault of the reader
   */
  readonly read: (bytes: Uint8Array, budget: ReadBudget) => unknown
}

/** The value of a result. @throws its error */
export const must = <A>(result: Either<unknown, A>): A => {
  if (isLeft(result)) throw result.left
  return result.right
}

/** What a refusal hides: an exception that no reader foresaw. */
const unforeseen = (error: unknown): string | undefined => {
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined
  const isFault = cause instanceof TypeError || cause instanceof RangeError || cause instanceof ReferenceError
  return isFault ? `${cause.name}: ${cause.message}` : undefined
}

/** What became of a file. */
export type Outcome =
  | { readonly end: 'read' | 'refused' }
  /** The reader threw something else, or a refusal that stands for a fault. */
  | { readonly end: 'fault'; readonly reason: string }

const isError = (thrown: unknown): boolean =>
  thrown instanceof PwoaFailure ||
  thrown instanceof Refusal ||
  (typeof thrown === 'object' && thrown !== null && '_tag' in thrown)

/** Reads one file, and says what became of it. */
export const outcomeOf = async (kind: FuzzKind, bytes: Uint8Array, budget: ReadBudget): Promise<Outcome> => {
  try {
    await kind.read(bytes, budget)
  } catch (thrown) {
    const error = thrown instanceof PwoaFailure ? thrown.error : thrown
    if (!isError(thrown)) return { end: 'fault', reason: String(thrown) }
    const reason = unforeseen(error)
    return reason === undefined ? { end: 'refused' } : { end: 'fault', reason }
  }
  const { bytes: spent, steps, mostBytes, mostSteps } = budget.spent
  const isWithin = spent <= mostBytes && steps <= mostSteps
  return isWithin ? { end: 'read' } : { end: 'fault', reason: `${spent} bytes and ${steps} steps, over the budget` }
}
