import type { InterruptedError, PwoaError } from '../../../dsl/errors.js'
import type { PointOutcome } from '../../sweep/pointMessages.js'
import { failureOf } from '../queueJob.js'

/** The outcome of a point whose job has failed. @param reason as the job has it */
export const failed = (reason: string): PointOutcome => {
  const failure = failureOf(reason)
  return typeof failure === 'string' ? { type: 'crashed', reason: failure } : { type: 'failed', error: failure }
}

/** The error of a point that its follower leaves to the workers. */
export const left = (label: string): InterruptedError => ({
  _tag: 'InterruptedError',
  stage: label,
  expected: 'to be followed to the end',
  actual: 'an interruption; the job stays in the queue',
})

/** The error of a point whose sweep was cancelled. */
export const cancelled = (label: string): PwoaError => ({
  _tag: 'RunError',
  stage: label,
  expected: 'to be run by a worker',
  actual: 'cancelled by pwoa-run queue cancel',
})
