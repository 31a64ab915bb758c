/** Estimates the time that is left of some work from how fast it has gone so far. */
export interface TimeLeft {
  /** Tells how far the work is, and gives the seconds left; undefined while nothing can be said. */
  readonly at: (done: number, total: number, now: number) => number | undefined
}

/** For work that begins with the first call of `at`. */
export const timeLeft = (): TimeLeft => {
  let first: { readonly done: number; readonly now: number } | undefined
  return {
    at: (done, total, now) => {
      if (!first || done < first.done) {
        first = { done, now }
        return undefined
      }
      const advanced = done - first.done
      return advanced === 0 ? undefined : ((now - first.now) / advanced) * (total - done)
    },
  }
}
