/** The search for the weight c of the loss of each example: the smallest that still breaks it. */
export interface ConstantSearch {
  /** c of each example; changed by `update`. */
  readonly constants: Float32Array
  /** Computes the next c of each example. @param isBroken whether the current c broke the example of this row */
  readonly update: (isBroken: (row: number) => boolean) => void
}

/** Factor of c while it has not broken the example. */
const GROWTH = 10

/** Above this, the distance term vanishes in float32 next to the classification term. */
export const LARGEST_CONSTANT = 1e10

/**
 * Starts the search. c grows tenfold until it breaks the example; from then on, the next c is the mean of the smallest
 * one that broke it and the largest one that did not.
 */
export const constantSearch = (examples: number, initial: number): ConstantSearch => {
  const constants = new Float32Array(examples).fill(initial)
  const lower = new Float32Array(examples)
  const upper = new Float32Array(examples).fill(Number.POSITIVE_INFINITY)
  return {
    constants,
    update: (isBroken) => {
      for (const [row, constant] of constants.entries()) {
        const bound = isBroken(row) ? upper : lower
        bound[row] = constant
        const [low = 0, high = 0] = [lower[row], upper[row]]
        constants[row] = Number.isFinite(high) ? (low + high) / 2 : Math.min(constant * GROWTH, LARGEST_CONSTANT)
      }
    },
  }
}
