import { codeOf, messageOf } from '../../io/files/thrown.js'

/** Reports each trouble with Redis once, and once that it is over. */
export interface RedisNotices {
  readonly failed: (thrown: unknown) => void
  /** Redis has answered. */
  readonly back: () => void
}

/** Notices for one Redis. @param shown its address, without secrets */
export const redisNotices = (shown: string, warn: (message: string) => void): RedisNotices => {
  let last: string | undefined
  return {
    failed: (thrown) => {
      const trouble = `${shown} ${troubleOf(thrown)}`
      if (trouble === last) return
      last = trouble
      warn(trouble)
    },
    back: () => {
      if (last !== undefined) warn(`${shown} is back`)
      last = undefined
    },
  }
}

/** What each answer of Redis means, by its first word. */
const answers: readonly (readonly [RegExp, string])[] = [
  [/^OOM /, 'is full: it stores nothing more until some of its memory is free (maxmemory)'],
  [/^LOADING /, 'is still reading its data from the disk: waiting for it'],
  [/^READONLY /, 'is a replica, which stores nothing: the URL must name the primary'],
  [/^MISCONF /, 'stores nothing because it cannot write to its disk'],
  [/^NOPERM /, 'does not allow this user a command that the queue needs'],
]

/** What an error of the Redis client means, as the end of a sentence about Redis. */
const troubleOf = (thrown: unknown): string => {
  const message = messageOf(thrown)
  const [, known] = answers.find(([pattern]) => pattern.test(message)) ?? []
  return known ?? `can't be reached (${codeOf(thrown) || message}): waiting for it`
}

/** Whether Redis refuses the user or the password: waiting would not change that. */
export const isDenial = (thrown: unknown): boolean =>
  /^(WRONGPASS|NOAUTH|NOPERM)\b|^ERR (AUTH|invalid password)/.test(messageOf(thrown))
