import { exitCodes } from './exitCodes.js'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Before anything has been begun there is nothing to save. */
const early = (): void => {
  process.stderr.write('pwoa-run: interrupted before anything had begun\n')
  process.exit(exitCodes.InterruptedError)
}

/** Has the process say that it was interrupted, until `onInterrupt` knows what to stop. */
export const awaitInterrupt = (): void => {
  for (const signal of signals) process.on(signal, early)
}

/** Calls `stop` at the first interruption; a second one ends the process at once. Returns what takes that back. */
export const onInterrupt = (stop: () => void): (() => void) => {
  let asked = false
  const handle = (): void => {
    if (asked) process.exit(exitCodes.InterruptedError)
    asked = true
    stop()
  }
  for (const signal of signals) process.off(signal, early).on(signal, handle)
  return () => {
    for (const signal of signals) process.off(signal, handle)
  }
}
