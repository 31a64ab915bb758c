import { rejectOption } from '../../dsl/errors.js'
import type { Progress } from '../step/schedule.js'
import type { PruningTask } from './pruning.js'

/**
 * The same task at a step on its way: every layer's share of zeros s_t = s·(1 − (1 − t/T)³), s = 1 − 1/rate, from none
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

/** Whether what grows in steps grows at this one. */
export const isDue = ({ step }: Progress, updateEvery: number): boolean => step % updateEvery === 0

/** Refuses what is no number of steps between two updates. @throws OptionError */
export const checkUpdateEvery = (stage: string, updateEvery: number): void => {
  if (!Number.isInteger(updateEvery) || updateEvery < 1)
    rejectOption(stage, 'a whole number of steps between updates >= 1', updateEvery)
}
