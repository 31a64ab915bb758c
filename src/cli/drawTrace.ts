import { originalPositions } from '../runtime/file/sourcePositions.js'

/** The stack of an error's cause, and of its causes in turn; empty where there is none. */
export const drawTrace = (cause: unknown): string => {
  if (!(cause instanceof Error)) return ''
  return `${originalPositions(cause.stack ?? String(cause))}\n${drawTrace(cause.cause)}`
}
