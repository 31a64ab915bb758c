import { type PwoaError, PwoaFailure, toPwoaError } from '../dsl/errors.js'

/** `toPwoaError`, with the exception as the cause where there is no other: `--trace` shows where it was thrown. */
export const errorOf = (stage: string, thrown: unknown): PwoaError => {
  const error = toPwoaError(stage, thrown)
  return thrown instanceof PwoaFailure && error.cause === undefined ? { ...error, cause: thrown } : error
}
