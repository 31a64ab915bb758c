/** A pause that doubles with each failure in a row. */
export interface GrowingDelay {
  /** Begins the next pause. Returns its length in seconds. */
  readonly fail: () => number
  readonly isOver: () => boolean
  /** Ends the pause; the next one is short again. */
  readonly reset: () => void
}

/**
 * A delay that is over at first.
 *
 * @param first seconds of the first pause
 * @param longest seconds of the longest one
 * @param now a monotonic clock, in seconds
 */
export const growingDelay = (
  first: number,
  longest: number,
  now = (): number => performance.now() / 1000,
): GrowingDelay => {
  let next = first
  let until = Number.NEGATIVE_INFINITY
  return {
    fail: () => {
      const pause = next
      until = now() + pause
      next = Math.min(2 * next, longest)
      return pause
    },
    isOver: () => now() >= until,
    reset: () => {
      next = first
      until = Number.NEGATIVE_INFINITY
    },
  }
}
