/** Estimates the remaining time of some work from its speed so far. */
export interface TimeLeft {
  /** Records the progress and returns the seconds left; undefined while there is no estimate. */
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
