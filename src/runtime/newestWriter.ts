/** Writes values one after the other; of those that come while a write is under way only the newest is written. */
export interface NewestWriter<T> {
  readonly write: (value: T) => void
  /** Resolves when nothing is under way. Never rejects: `failed` was told. */
  readonly idle: () => Promise<void>
}

/** Never two writes at once, never an older value after a newer one. */
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
