import { setTimeout as sleep } from 'node:timers/promises'
import { PwoaFailure } from '../../dsl/errors.js'
import type { OutageNotices } from './outageNotices.js'

/** How a service that can't be reached is retried. */
export interface Patience {
  /** The service, for messages. */
  readonly shown: string
  /** For how long; called at each attempt. */
  readonly seconds: () => number
  readonly notices: OutageNotices
  /** The reason, in a few words, if the failure may pass by itself; undefined for any other failure. */
  readonly awayReason: (thrown: unknown) => string | undefined
}

/** Milliseconds before the second attempt; they double with each attempt, up to the longest pause. */
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 10_000

/** Tries until there is an answer. @throws RunError after the given time; at once, any failure that is not an outage */
export const patiently = async <A>(act: () => Promise<A>, patience: Patience): Promise<A> => {
  const { shown, seconds, notices, awayReason } = patience
  const began = performance.now()
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    try {
      const value = await act()
      notices.back()
      return value
    } catch (thrown) {
      const reason = awayReason(thrown)
      if (reason === undefined) throw thrown
      notices.away(reason)
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
