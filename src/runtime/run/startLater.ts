import type { Either } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { errorOf, type PwoaError } from '../../dsl/errors.js'
import { eventLoopTurn } from './concurrency.js'

/** Work that was started: the common part of the handles of sweeps and comparisons. */
export interface Started<A> {
  /** Ends the work early, after saving what is under way. */
  readonly stop: () => void
  readonly result: Promise<Either<PwoaError, A>>
}

/**
 * Starts work in a later turn of the event loop, so that the caller can subscribe first.
 *
 * @param name the stage of an error that has no stage of its own
 * @param execute receives a controller whose signal aborts when the work is stopped
 * @param complete called after the work, before `result` resolves
 */
export const startLater = <A>(
  name: string,
  execute: (controller: AbortController) => Promise<A>,
  complete: () => void,
): Started<A> => {
  const controller = new AbortController()
  return {
    stop: () => controller.abort(),
    result: eventLoopTurn().then(async () => {
      const result = await resultOf(name, () => execute(controller))
      complete()
      return result
    }),
  }
}

/** The result of work; an exception becomes an error of `name`. */
export const resultOf = <A>(name: string, work: () => Promise<A>): Promise<Either<PwoaError, A>> =>
  TE.tryCatch(work, (thrown): PwoaError => errorOf(name, thrown))()
