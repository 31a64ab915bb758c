import { exitCodes } from './exitCodes.js'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Calls `stop` at the first interruption; a second one ends the process at once. Returns what takes that back. */
export const onInterrupt = (stop: () => void): (() => void) => {
  let asked = false
  const handle = (): void => {
    if (asked) process.exit(exitCodes.InterruptedError)
    asked = true
    stop()
  }
  for (const signal of signals) process.on(signal, handle)
  return () => {
    for (const signal of signals) process.off(signal, handle)
  }
}
