import { exitCodes } from '../arguments/outcome.js'
import { printLine } from './print.js'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Before anything has started there is nothing to save. */
const exitEarly = (): void => {
  printLine(process.stderr, 'pwoa-run: interrupted before anything had started')
  process.exit(exitCodes.InterruptedError)
}

/** Makes an interruption end the process with a message, until `onInterrupt` names something to stop. */
export const awaitInterrupt = (): void => {
  for (const signal of signals) process.on(signal, exitEarly)
}

/** Calls `stop` at the first interruption; a second one ends the process at once. Returns a function that undoes this. */
export const onInterrupt = (stop: () => void): (() => void) => {
  let isStopping = false
  const handle = (): void => {
    if (isStopping) process.exit(exitCodes.InterruptedError)
    isStopping = true
    stop()
  }
  for (const signal of signals) process.off(signal, exitEarly).on(signal, handle)
  return () => {
    for (const signal of signals) process.off(signal, handle)
  }
}

/** Waits for work that an interruption ends early, before there is anything to save. */
export const interruptible = async <A>(work: (signal: AbortSignal) => Promise<A>): Promise<A> => {
  const controller = new AbortController()
  const release = onInterrupt(() => controller.abort())
  try {
    return await work(controller.signal)
  } finally {
    release()
  }
}
