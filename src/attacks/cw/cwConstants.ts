/** The search for each example's weight c of the loss: the smallest that still breaks it. */
export interface ConstantSearch {
  /** c, example by example, until the next call of `next`. */
  readonly constants: Float32Array
  /** Goes on to the next ones. @param isBroken whether the row's c broke it */
  readonly next: (isBroken: (row: number) => boolean) => void
}

const GROWTH = 10

/** Beyond it the perturbation's length is nothing in float32 beside the classes' part of the loss. */
export const LARGEST_CONSTANT = 1e10

/** Ten times as much until one breaks the example, then the middle between the smallest that did and the largest not. */
export const constantSearch = (examples: number, initial: number): ConstantSearch => {
  const constants = new Float32Array(examples).fill(initial)
  const lower = new Float32Array(examples)
  const upper = new Float32Array(examples).fill(Number.POSITIVE_INFINITY)
  return {
    constants,
    next: (isBroken) => {
      for (const [row, constant] of constants.entries()) {
        const bound = isBroken(row) ? upper : lower
        bound[row] = constant
        const [low = 0, high = 0] = [lower[row], upper[row]]
        constants[row] = Number.isFinite(high) ? (low + high) / 2 : Math.min(constant * GROWTH, LARGEST_CONSTANT)
      }
    },
  }
}
