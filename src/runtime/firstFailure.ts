/** Remembers the first failure among several activities. */
export interface FirstFailure {
  readonly fail: (thrown: unknown) => void
  /** Rejects at the first failure; never resolves. */
  readonly promise: Promise<never>
  /** Throws the first failure, where there was one. */
  readonly check: () => void
  /** Runs `act`; what it throws is a failure. */
  readonly guard: (act: () => void) => void
}

/** Nothing has failed yet. */
export const firstFailure = (): FirstFailure => {
  let first: { readonly thrown: unknown } | undefined
  let reject: (thrown: unknown) => void = () => undefined
  const promise = new Promise<never>((_resolve, rejectPromise) => {
    reject = rejectPromise
  })
  promise.catch(() => undefined)
  const fail = (thrown: unknown): void => {
    first ??= { thrown }
    reject(thrown)
  }
  return {
    fail,
    promise,
    check: () => {
      if (first) throw first.thrown
    },
    guard: (act) => {
      try {
        act()
      } catch (thrown) {
        fail(thrown)
      }
    },
  }
}
