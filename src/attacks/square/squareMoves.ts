import type { RandomStream } from '../../math/random.js'

/** Height, width and channels of an image, row by row, channels last. */
export interface ImageShape {
  readonly height: number
  readonly width: number
  readonly channels: number
}

/** What Square tries in a norm, on the numbers of one image. Draws the same number of words in every move. */
export interface SquareMoves {
  /** Edge of a square of about so many pixels. */
  readonly side: (pixels: number) => number
  /** Overwrites `out` with the perturbed image that the search starts at. */
  readonly start: (out: Float32Array, image: Float32Array, random: RandomStream) => void
  /** Changes `out`, the best perturbed image so far, within a square or two; it stays in the ball and [0, 1]. */
  readonly move: (out: Float32Array, image: Float32Array, side: number, random: RandomStream) => void
}

/** Iterations after which the square's share of the image is halved; Square's, for 10,000 queries and fewer alike. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]

/** Share of the image's pixels that the square of an iteration covers. @param iteration from 0 */
export const shareAt = (initialShare: number, iteration: number): number =>
  initialShare / 2 ** HALVINGS.filter((last) => iteration > last).length

/**
 * Where a window of length `side` begins along an edge: in [0, edge − side), so that it never touches the far end, as
 * the field's code has it; 0 where there is no choice.
 */
export const windowAt = (edge: number, side: number, random: RandomStream): number =>
  Math.floor(random.uniform() * (edge - side))

export const clipped = (value: number): number => Math.min(1, Math.max(0, value))
