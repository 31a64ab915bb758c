import type { RandomStream } from '../math/random.js'

/**
 * Where a window of length `side` begins along an edge: in [0, edge − side), so that it never touches the far end, as
 * the field's code has it; 0 where there is no choice.
 */
export const windowAt = (edge: number, side: number, random: RandomStream): number =>
  Math.floor(random.uniform() * (edge - side))

export const clipped = (value: number): number => Math.min(1, Math.max(0, value))
