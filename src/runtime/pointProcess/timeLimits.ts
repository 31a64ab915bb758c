/** Limits of a point's time. */
export interface TimeLimits {
  /** Seconds that one attempt may take. @default no limit */
  readonly point?: number | undefined
  /** Seconds without a sign of progress, from the start of the process on. @default {@link defaultSilence} */
  readonly silence?: number | undefined
  /** Seconds that a point has to save its state after it was asked to stop. @default {@link defaultGrace} */
  readonly grace?: number | undefined
}

/** Seconds without progress after which a point counts as hanging, unless a sweep says otherwise. */
export const defaultSilence = 3600

/** Seconds that a point has to save its state. */
export const defaultGrace = 100

/** Watches the time of one point. */
export interface TimeWatch {
  /** The point has made progress. */
  readonly advanced: () => void
  /** The point was asked to stop: from now on only the grace time counts. */
  readonly stopping: () => void
  readonly end: () => void
}

/**
 * Calls `expire` with a reason at the first limit that a point exceeds.
 *
 * @param expire receives what was exceeded, in words
 */
export const watchTime = (
  { point, silence = defaultSilence, grace = defaultGrace }: TimeLimits,
  expire: (reason: string) => void,
): TimeWatch => {
  const timers = new Map<string, NodeJS.Timeout>()
  const set = (name: string, seconds: number, reason: string): void => {
    clearTimeout(timers.get(name))
    timers.set(
      name,
      setTimeout(() => expire(reason), 1000 * Math.min(seconds, LONGEST)),
    )
  }
  const advanced = (): void => {
    if (timers.has('silence')) set('silence', silence, `no progress for ${silence} s`)
  }
  const end = (): void => {
    for (const timer of timers.values()) clearTimeout(timer)
    timers.clear()
  }
  set('silence', silence, `no progress for ${silence} s`)
  if (point !== undefined) set('point', point, `not done after ${point} s`)
  return {
    advanced,
    stopping: () => {
      end()
      set('grace', grace, `not stopped after ${grace} s`)
    },
    end,
  }
}

/** Seconds that a timer of Node can wait. */
const LONGEST = 2 ** 31 / 1000 - 1
