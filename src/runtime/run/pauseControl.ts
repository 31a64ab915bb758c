/** Milliseconds, about a fortnight. */
const LONG = 2 ** 30

/** Pauses a run. */
export interface PauseControl {
  readonly pause: () => void
  readonly proceed: () => void
  /** While the run is paused, a promise that resolves when it continues or is stopped; otherwise undefined. */
  readonly resting: () => Promise<void> | undefined
}

/**
 * Makes the pause control of a run. Stopping the run ends a pause.
 *
 * @param signal aborted when the run is stopped
 * @param changed called when the run pauses, and when it continues
 */
export const makePauseControl = (
  signal: AbortSignal,
  changed: (state: 'paused' | 'continued') => void,
): PauseControl => {
  let rest: { readonly over: Promise<void>; readonly end: () => void } | undefined
  const proceed = (): void => {
    if (!rest) return
    rest.end()
    rest = undefined
    changed('continued')
  }
  signal.addEventListener('abort', proceed)
  return {
    pause: () => {
      if (rest || signal.aborted) return
      let end = (): void => undefined
      const over = new Promise<void>((resolve) => {
        end = resolve
      })
      // The process waits for `proceed` even if it has nothing else to wait for.
      const awake = setInterval(() => undefined, LONG)
      rest = {
        over,
        end: () => {
          clearInterval(awake)
          end()
        },
      }
      changed('paused')
    },
    proceed,
    resting: () => rest?.over,
  }
}
