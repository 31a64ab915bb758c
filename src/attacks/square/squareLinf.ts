import type { ImageShape } from '../../dsl/dataset.js'
import { fillSigns } from '../../math/random.js'
import { clipped, type SquareMoves, windowAt } from './squareMoves.js'

/**
 * The moves of Square in L∞. The search starts at vertical stripes of ±ε. A move adds ±2ε, with one sign per channel,
 * within a square and projects on the ball: the result is image ± ε, whatever was there before.
 *
 * Source: Andriushchenko et al., ECCV 2020, Algorithm 2.
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
