import type { RandomStream } from '../../math/random.js'

/** What Square tries in a norm, on the values of one image. Every move draws the same number of random words. */
export interface SquareMoves {
  /** Edge of a square of about this many pixels. */
  readonly side: (pixels: number) => number
  /** Overwrites `out` with the perturbed image that the search starts at, inside the ball and [0, 1]. */
  readonly start: (out: Float32Array, image: Float32Array, random: RandomStream) => void
  /** Changes `out`, the best perturbed image so far, in one or two squares. It stays in the ball and [0, 1]. */
  readonly move: (out: Float32Array, image: Float32Array, side: number, random: RandomStream) => void
}

/** Iterations after which the share of the image is halved, as in Square Attack; independent of the number of queries. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]

/** The share of the pixels of the image that the square of an iteration covers. @param iteration from 0 */
export const shareAt = (initialShare: number, iteration: number): number =>
  initialShare / 2 ** HALVINGS.filter((last) => iteration > last).length

/**
 * A random start of a window of length `side` along an edge: in [0, edge − side), so the window never touches the far
 * end, as in the official AutoAttack; 0 if the window is as long as the edge.
 */
export const windowAt = (edge: number, side: number, random: RandomStream): number =>
  Math.floor(random.uniform() * (edge - side))

/** The nearest value in [0, 1]. */
export const clipped = (value: number): number => Math.min(1, Math.max(0, value))
