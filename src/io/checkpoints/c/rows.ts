import { nonZeros, type SumsStep } from './program.js'

/** The weights of each output that are not zero, as steps from one input to the next. */
export interface CompressedRows {
  /** Entries of each output. */
  readonly counts: readonly number[]
  /** Numbers between the input of an entry and that of the entry before it; for the first, from the window's corner. */
  readonly steps: readonly number[]
  /** The index of each entry's weight; −1 for a zero that only bridges a wide gap. */
  readonly places: readonly number[]
  /** The type of `steps`. */
  readonly width: 8 | 16
}

/** Of the weights, at most this share is kept where compressed rows are used: in 8 bits an entry takes twice the bytes, and more time. */
const SHARE = 0.5

/** Entries of an output that its count can hold. */
const MOST = 0xffff

/**
 * The compressed rows of a layer if they take less time and memory than all weights; undefined if not.
 *
 * @param weights those of the step, or their integers
 * @param bytes of one weight
 */
export const compressedRows = (
  step: SumsStep,
  weights: Float32Array | Int8Array,
  bytes: number,
): CompressedRows | undefined => {
  // In a narrower image, an input's place would not say in which column of the window it is.
  if (step.kernel[1] > step.from.width) return undefined
  if (nonZeros(weights) > SHARE * weights.length) return undefined
  const [narrow, wide] = [rowsOf(step, weights, 8), rowsOf(step, weights, 16)]
  const cost = ({ places, width }: CompressedRows): number => places.length * (bytes + width / 8)
  const best = cost(narrow) <= cost(wide) ? narrow : wide
  const isLarger = best.places.length > SHARE * weights.length || cost(best) > bytes * weights.length
  return isLarger || best.counts.some((count) => count > MOST) ? undefined : best
}

const rowsOf = (step: SumsStep, weights: Float32Array | Int8Array, width: 8 | 16): CompressedRows => {
  const most = 2 ** width - 1
  const row = weights.length / step.to.channels
  const taken = step.from.channels / step.groups
  const made = step.to.channels / step.groups
  const counts: number[] = []
  const steps: number[] = []
  const places: number[] = []
  for (let o = 0; o < step.to.channels; o++) {
    const before = places.length
    let last = 0
    for (let i = 0; i < row; i++) {
      if (weights[o * row + i] === 0) continue
      const tap = Math.floor(i / taken)
      const [y, x] = [Math.floor(tap / step.kernel[1]), tap % step.kernel[1]]
      const at = (y * step.from.width + x) * step.from.channels + Math.floor(o / made) * taken + (i % taken)
      for (; at - last > most; last += most) {
        steps.push(most)
        places.push(-1)
      }
      steps.push(at - last)
      places.push(o * row + i)
      last = at
    }
    counts.push(places.length - before)
  }
  return { counts, steps, places, width }
}
