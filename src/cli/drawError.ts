import { describeError, type PwoaError } from '../dsl/errors.js'

/** An error as the user reads it: one line, and below it what to do about it. */
export const drawError = (error: PwoaError): string => {
  const hint = error.hint?.split('\n').map((line) => `\n  ${line}`) ?? []
  const line =
    error._tag === 'InterruptedError' ? `${error.stage}: interrupted; the state is saved` : describeError(error)
  return `pwoa-run: ${line}${hint.join('')}\n`
}
