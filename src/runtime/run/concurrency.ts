/** Records the first failure among several concurrent activities. */
export interface FirstFailure {
  /** Reports a failure. */
  readonly fail: (thrown: unknown) => void
  /** Rejects at the first failure; never resolves. */
  readonly promise: Promise<never>
  /** Does nothing until there is a failure. @throws the first failure */
  readonly check: () => void
  /** Runs `act`; an exception is a failure. */
  readonly guard: (act: () => void) => void
}

/** Makes a record without a failure. */
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

/** Writes values one after the other. Of the values that come during a write, only the newest is written. */
export interface NewestWriter<T> {
  readonly write: (value: T) => void
  /** Resolves when no write is under way. Never rejects: failures go to `failed`. */
  readonly idle: () => Promise<void>
}

/** Makes a writer that never runs two writes at once, and never writes an older value after a newer one. */
export const newestWriter = <T>(
  write: (value: T) => Promise<void>,
  failed: (thrown: unknown) => void,
): NewestWriter<T> => {
  let waiting: { readonly value: T } | undefined
  let working: Promise<void> | undefined

  const work = async (): Promise<void> => {
    while (waiting) {
      const { value } = waiting
      waiting = undefined
      await write(value).catch(failed)
    }
    working = undefined
  }
  return {
    write: (value) => {
      waiting = { value }
      working ??= work()
    },
    idle: () => working ?? Promise.resolve(),
  }
}

/** Resolves when all that is due now has run: immediates, and the zero timers in which RxJS reports errors. */
export const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setTimeout(() => setImmediate(resolve), 1))
