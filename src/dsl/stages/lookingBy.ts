import * as TE from 'fp-ts/lib/TaskEither.js'
import type { DataFacts } from '../dataset.js'
import { toPwoaError } from '../errors.js'
import type { Found, StageInfo } from '../op.js'

/**
 * The `look` of a stage, from a function that may throw.
 *
 * @param stage the stage that an error names
 * @param look returns what it found
 */
export const lookingBy =
  (stage: string, look: (data: DataFacts | undefined) => Promise<Found>): NonNullable<StageInfo['look']> =>
  (data) =>
    TE.tryCatch(
      () => look(data),
      (thrown) => toPwoaError(stage, thrown),
    )
