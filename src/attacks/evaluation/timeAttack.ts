import { setImmediate } from 'node:timers/promises'
import type { Attack, AttackInput } from '../common/attack.js'

/** Seconds after which an attack has been seen for long enough. */
const ENOUGH = 1.5

/** What timing an attack needs beside it. */
export interface AttackTiming {
  /** Its tensors belong to the caller. */
  readonly input: AttackInput
  /** Ends the attack between two of its steps if it is aborted. */
  readonly signal: AbortSignal
  /** Seconds of a clock that never goes back. @default that of this process */
  readonly clock?: () => number
}

/**
 * Seconds that an attack takes for a batch. A long one is ended after some of its steps, and its time is that of these
 * steps, extrapolated by the share of the work that it reports. The first step, in which kernels and graphs are made, does
 * not count: a short attack runs twice, and its second time is returned.
 *
 * @throws what the attack throws, and the reason of `signal` if it is aborted
 */
export const timeAttack = async (attack: Attack, timing: AttackTiming): Promise<number> => {
  const first = await timeOnce(attack, timing)
  return first.whole ? (await timeOnce(attack, timing)).seconds : first.seconds
}

interface Timed {
  readonly seconds: number
  /** Whether the attack ran to its end. */
  readonly whole: boolean
}

const timeOnce = async (attack: Attack, { input, signal, clock = seconds }: AttackTiming): Promise<Timed> => {
  const began = clock()
  const perturbing = attack.perturb(input)
  let warm: { readonly share: number; readonly at: number } | undefined
  try {
    for (;;) {
      const { done, value } = perturbing.next()
      const now = clock()
      if (done) {
        value.dispose()
        return { seconds: now - began, whole: true }
      }
      warm ??= { share: value, at: now }
      if (now - warm.at >= ENOUGH && value > warm.share)
        return { seconds: (now - warm.at) / (value - warm.share), whole: false }
      await setImmediate()
      signal.throwIfAborted()
    }
  } finally {
    // Frees the tensors of an attack that did not reach its end. On a finished attack this does nothing.
    perturbing.return(undefined as never)
  }
}

const seconds = (): number => performance.now() / 1000
