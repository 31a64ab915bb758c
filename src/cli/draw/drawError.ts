import { describeError, type PwoaError } from '../../dsl/errors.js'
import { originalPositions } from '../../runtime/host/sourcePositions.js'
import { errorInFlags } from './inFlags.js'

/** An error as the user reads it: one line, and below it a hint what to do. */
export const drawError = (given: PwoaError): string => {
  const error = errorInFlags(given)
  const hint = error.hint?.split('\n').map((line) => `\n  ${line}`) ?? []
  const line =
    error._tag === 'InterruptedError' ? `${error.stage}: interrupted; the state is saved` : describeError(error)
  return `pwoa-run: ${line}${hint.join('')}\n`
}

/** The stack of an error's cause and of each further cause, for `--trace`; empty if there is no cause. */
export const drawTrace = (cause: unknown): string => {
  if (!(cause instanceof Error)) return ''
  return `${originalPositions(cause.stack ?? String(cause))}\n${drawTrace(cause.cause)}`
}
