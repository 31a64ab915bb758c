/** Lets a run rest. */
export interface PauseControl {
  readonly pause: () => void
  readonly proceed: () => void
  /** Undefined while the run goes on; while it rests, what resolves when it goes on or is stopped. */
  readonly resting: () => Promise<void> | undefined
}

/** @param changed told when the run begins to rest, and when it goes on */
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
      rest = { over, end }
      changed('paused')
    },
    proceed,
    resting: () => rest?.over,
  }
}
