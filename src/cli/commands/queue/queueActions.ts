import { usageFailure } from '../../arguments/usageFailure.js'

/** What `pwoa-run queue` does, by the words of its first argument. */
export const queueActions = ['list', 'show', 'logs', 'cancel', 'retry', 'drain', 'resume', 'purge'] as const

/** The first argument of `pwoa-run queue`. */
export type QueueAction = (typeof queueActions)[number]

/** Reads the first argument. */
export const actionOf = (text: string): QueueAction => {
  const found = queueActions.find((name) => name === text)
  if (found !== undefined) return found
  throw usageFailure({ stage: 'queue', expected: `one of ${queueActions.join(', ')}`, actual: `"${text}"` })
}
