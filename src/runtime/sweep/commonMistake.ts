import { describeError, type PwoaError } from '../../dsl/errors.js'
import type { PointRecord } from './sweepTypes.js'

/** Errors of what was asked for: no run mends them. */
const mistakes: readonly PwoaError['_tag'][] = ['UsageError', 'OptionError', 'FileError']

/**
 * The one mistake that all points which are over have failed by; undefined where one is done, or they failed by several
 * errors, or by something that happened in a run.
 */
export const commonMistake = (
  points: readonly Pick<PointRecord, 'state' | 'error'>[],
): { readonly error: PwoaError; readonly points: number } | undefined => {
  if (points.some(({ state }) => state === 'done')) return undefined
  const errors = points.flatMap(({ state, error }) => (state === 'failed' && error ? [error] : []))
  const [error] = errors
  if (!error || !mistakes.includes(error._tag)) return undefined
  const alike = errors.every((other) => describeError(other) === describeError(error))
  return alike ? { error, points: errors.length } : undefined
}
