import { describeError, type PwoaError } from '../../dsl/errors.js'
import type { PointRecord } from './sweepTypes.js'

/** Errors of usage: a point that fails by one of them would fail again. */
const mistakes: readonly PwoaError['_tag'][] = ['UsageError', 'OptionError', 'FileError']

/**
 * The mistake by which all points so far have failed, and how many. Undefined if a point is done or has reached a rung, or if the points failed
 * by different errors or by an error during a run.
 */
export const commonMistake = (
  points: readonly Pick<PointRecord, 'state' | 'error' | 'standing'>[],
): { readonly error: PwoaError; readonly points: number } | undefined => {
  if (points.some(({ state, standing }) => state === 'done' || standing)) return undefined
  const errors = points.flatMap(({ state, error }) => (state === 'failed' && error ? [error] : []))
  const [error] = errors
  if (!error || !mistakes.includes(error._tag)) return undefined
  const alike = errors.every((other) => describeError(other) === describeError(error))
  return alike ? { error, points: errors.length } : undefined
}
