import { fillSigns } from '../../math/random.js'
import { clipped, type ImageShape, type SquareMoves, windowAt } from './squareMoves.js'

/**
 * Starts at vertical stripes of ±ε. A move adds ±2ε, one sign a channel, within a square; in the ball that is the far
 * side, image ± ε, wherever the square was before.
 */
export const linfMoves = ({ height, width, channels }: ImageShape, epsilon: number): SquareMoves => {
  const stripes = new Float32Array(width * channels)
  const signs = new Float32Array(channels)
  return {
    side: (pixels) => Math.min(height, width, Math.max(1, Math.round(Math.sqrt(pixels)))),
    start: (out, image, random) => {
      fillSigns(stripes, random)
      for (let i = 0; i < out.length; i++)
        out[i] = clipped((image[i] ?? 0) + epsilon * (stripes[i % stripes.length] ?? 0))
    },
    move: (out, image, side, random) => {
      const top = windowAt(height, side, random)
      const left = windowAt(width, side, random)
      fillSigns(signs, random)
      for (let y = top; y < top + side; y++) {
        const from = (y * width + left) * channels
        for (let c = 0; c < channels; c++) {
          const step = epsilon * (signs[c] ?? 0)
          for (let i = from + c; i < from + side * channels; i += channels) out[i] = clipped((image[i] ?? 0) + step)
        }
      }
    },
  }
}
