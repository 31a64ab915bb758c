import { setTimeout as sleep } from 'node:timers/promises'
import { PwoaFailure } from '../../dsl/errors.js'
import type { OutageNotices } from './outageNotices.js'

/** How something that is away is waited for. */
export interface Patience {
  /** What it is, for people. */
  readonly shown: string
  /** For how long; asked anew each time. */
  readonly seconds: () => number
  readonly words: OutageNotices
  /** In a few words, where what was thrown may be otherwise in a moment; undefined for all else. */
  readonly awayReason: (thrown: unknown) => string | undefined
}

/** Milliseconds before the second attempt, which double until they are the longest. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 10_000

/** Tries until there is an answer. Throws what is no outage at once, and a `RunError` when patience has come to its end. */
export const patiently = async <A>(act: () => Promise<A>, patience: Patience): Promise<A> => {
  const { shown, seconds, words, awayReason } = patience
  const began = performance.now()
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      const value = await act()
      words.back()
      return value
    } catch (thrown) {
      const reason = awayReason(thrown)
      if (reason === undefined) throw thrown
      words.away(reason)
      if (performance.now() - began + pause > 1000 * seconds()) throw gaveUp(shown, seconds(), reason, thrown)
      await sleep(pause)
    }
  }
}

const gaveUp = (shown: string, seconds: number, actual: string, cause: unknown): PwoaFailure =>
  new PwoaFailure({
    _tag: 'RunError',
    stage: '--runs',
    expected: `${shown} to answer within ${seconds} s`,
    actual,
    cause,
  })
