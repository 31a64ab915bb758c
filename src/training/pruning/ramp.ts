import type { Progress } from '../step/schedule.js'
import type { PruningTask } from './pruning.js'

/**
 * The task at a step of the phase: every layer's share of zeros s_t = s·(1 − (1 − t/T)³), s = 1 − 1/rate, from none
 * at the first step of the phase to all of them at its end.
 *
 * Source: Zhu, Gupta, "To prune, or not to prune", ICLR 2018 (workshop), Eq. 1 with s_i = 0.
 */
export const rampedTask = ({ pattern, rates }: PruningTask, { step, steps }: Progress): PruningTask => {
  const share = 1 - (1 - step / steps) ** 3
  return {
    pattern,
    rates: rates.map((layer) => ({ ...layer, rate: 1 / (1 - (1 - 1 / layer.rate) * share) })),
  }
}

/** Whether a mask that grows in steps is updated at this step. */
export const isDue = ({ step }: Progress, updateEvery: number): boolean => step % updateEvery === 0
