import type { RandomStream } from '../math/random.js'

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
