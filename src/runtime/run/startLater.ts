import type { Either } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { errorOf, type PwoaError, valueOfResult } from '../../dsl/errors.js'
import { eventLoopTurn } from './concurrency.js'

/** Work that was started: the common part of the handles of sweeps and comparisons. */
export interface Started<A> {
  /** Ends the work early, after saving what is under way. */
  readonly stop: () => void
  readonly result: Promise<Either<PwoaError, A>>
  /** The same for those who catch exceptions. */
  readonly summary: Promise<A>
}

/**
 * Starts work in a later turn of the event loop, so that the caller can subscribe first.
 *
 * @param name the stage of an error that has no stage of its own
 * @param execute receives a controller whose signal aborts when the work is stopped
 * @param complete called after the work, before `result` resolves
 * @param signal stops the work when it aborts
 */
export const startLater = <A>(
  name: string,
  execute: (controller: AbortController) => Promise<A>,
  complete: () => void,
  signal?: AbortSignal,
): Started<A> => {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const release = onAbort(signal, stop)
  const result = eventLoopTurn().then(async () => {
    const ended = await resultOf(name, () => execute(controller))
    release()
    complete()
    return ended
  })
  return { stop, result, summary: valueOfResult(result) }
}

/** Calls `stop` when the signal aborts, also if it has done so before. Returns the function that ends this. */
export const onAbort = (signal: AbortSignal | undefined, stop: () => void): (() => void) => {
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop)
  return () => signal?.removeEventListener('abort', stop)
}

/** The result of work; an exception becomes an error of `name`. */
export const resultOf = <A>(name: string, work: () => Promise<A>): Promise<Either<PwoaError, A>> =>
  TE.tryCatch(work, (thrown): PwoaError => errorOf(name, thrown))()
