/** A wait that can be cut short. */
export interface Wakeable {
  /** Waits for this many milliseconds, or until `wake`. */
  readonly wait: (milliseconds: number) => Promise<void>
  /** Ends the wait that is under way, or else the next one. */
  readonly wake: () => void
}

/** A wait of one loop. */
export const wakeable = (): Wakeable => {
  let isAwake = false
  let end = (): void => {
    isAwake = true
  }
  return {
    wait: (milliseconds) =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          isAwake = false
          end = () => {
            isAwake = true
          }
          resolve()
        }
        const timer = setTimeout(done, isAwake ? 0 : milliseconds)
        end = done
      }),
    wake: () => end(),
  }
}
