import { isLeft } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { type PwoaError, PwoaFailure } from '../dsl/errors.js'

/** Runs a task and gives its value; its error is thrown as a `PwoaFailure`. */
export const valueOf = async <A>(task: TaskEither<PwoaError, A>): Promise<A> => {
  const result = await task()
  if (isLeft(result)) throw new PwoaFailure(result.left)
  return result.right
}
