import type { ImageShape } from '../../dsl/dataset.js'
import { fillSigns } from '../../math/random.js'
import { clipped, type SquareMoves, windowAt } from './squareMoves.js'

/** Prevents a division by a length of zero; the value of the official AutoAttack. */
const GUARD = 1e-12

/** Tiles along the shorter edge at the start. */
const TILES = 5

/**
 * The moves of Square in L2. The search starts at a grid of tiles, scaled to length ε. A move clears the perturbation in
 * one window and gives its length, and what clipping to [0, 1] has left of ε, to another window: in each channel, the
 * perturbation there becomes ±bump plus the previous one, both of length 1, scaled.
 *
 * Source: Andriushchenko et al., ECCV 2020, Algorithm 3.
 */
export const l2Moves = ({ height, width, channels }: ImageShape, epsilon: number): SquareMoves => {
  const shorter = Math.min(height, width)
  const bumps = new Map<number, Float32Array>()
  const bumpOf = (side: number): Float32Array => {
    const bump = bumps.get(side) ?? bumpPair(side)
    bumps.set(side, bump)
    return bump
  }

  const tile = Math.max(1, Math.floor(shorter / TILES))
  const [down, across] = [Math.floor(height / tile), Math.floor(width / tile)]
  const [top, left] = [Math.floor((height - down * tile) / 2), Math.floor((width - across * tile) / 2)]
  /** For each tile one sign per channel, and one that decides whether the bumps are transposed. */
  const tileSigns = new Float32Array(down * across * (channels + 1))
  const signs = new Float32Array(channels + 1)
  /** The perturbation of one channel in a window; large enough for the largest window. */
  const part = new Float64Array(shorter * shorter)

  return {
    side: (pixels) => {
      const side = Math.max(3, Math.round(Math.sqrt(pixels)))
      return Math.min(shorter, side % 2 === 0 ? side + 1 : side)
    },
    start: (out, image, random) => {
      fillSigns(tileSigns, random)
      out.fill(0)
      const bump = bumpOf(tile)
      for (let place = 0; place < down * across; place++) {
        const first = place * (channels + 1)
        const isTransposed = (tileSigns[first + channels] ?? 0) > 0
        const corner = (top + Math.floor(place / across) * tile) * width + left + (place % across) * tile
        for (let y = 0; y < tile; y++)
          for (let x = 0; x < tile; x++) {
            const height = bump[isTransposed ? x * tile + y : y * tile + x] ?? 0
            const at = (corner + y * width + x) * channels
            for (let c = 0; c < channels; c++) out[at + c] = height * (tileSigns[first + c] ?? 0)
          }
      }
      const scale = epsilon / (Math.sqrt(squares(out)) + GUARD)
      for (let i = 0; i < out.length; i++) out[i] = clipped((image[i] ?? 0) + scale * (out[i] ?? 0))
    },
    move: (out, image, side, random) => {
      const [y1, x1] = [windowAt(height, side, random), windowAt(width, side, random)]
      const [y2, x2] = [windowAt(height, side, random), windowAt(width, side, random)]
      fillSigns(signs, random)
      const bump = bumpOf(side)
      const isTransposed = (signs[channels] ?? 0) > 0
      const missing = (epsilon * epsilon - squaredDistance(out, image)) / channels
      for (let c = 0; c < channels; c++) {
        let inside = 0
        for (let y = 0; y < side; y++)
          for (let x = 0; x < side; x++) {
            const at = ((y1 + y) * width + x1 + x) * channels + c
            const delta = (out[at] ?? 0) - (image[at] ?? 0)
            part[y * side + x] = delta
            inside += delta * delta
          }
        let emptied = 0
        for (let y = y2; y < y2 + side; y++)
          for (let x = x2; x < x2 + side; x++) {
            if (y >= y1 && y < y1 + side && x >= x1 && x < x1 + side) continue
            const at = (y * width + x) * channels + c
            const delta = (out[at] ?? 0) - (image[at] ?? 0)
            emptied += delta * delta
            out[at] = image[at] ?? 0
          }
        const shrink = 1 / (GUARD + Math.sqrt(inside))
        const sign = signs[c] ?? 0
        let length = 0
        for (let y = 0; y < side; y++)
          for (let x = 0; x < side; x++) {
            const height = bump[isTransposed ? x * side + y : y * side + x] ?? 0
            const value = sign * height + shrink * (part[y * side + x] ?? 0)
            part[y * side + x] = value
            length += value * value
          }
        // `missing` is negative if rounding has carried the length over ε: this move corrects it without another pass.
        const scale = Math.sqrt(Math.max(0, inside + emptied + missing)) / (GUARD + Math.sqrt(length))
        for (let y = 0; y < side; y++)
          for (let x = 0; x < side; x++) {
            const at = ((y1 + y) * width + x1 + x) * channels + c
            out[at] = clipped((image[at] ?? 0) + scale * (part[y * side + x] ?? 0))
          }
      }
    },
  }
}

/** Two bumps of opposite signs, one on each half of a square with edge `side`, row by row. Of length 1. */
export const bumpPair = (side: number): Float32Array => {
  const half = Math.floor(side / 2)
  const pair = Float64Array.of(...bump(half, side), ...bump(side - half, side).map((value) => -value))
  const length = Math.sqrt(squares(pair))
  return Float32Array.from(pair, (value) => value / length)
}

/** A bump on a rectangle: Σ_k 1/(k + 1)² over the rings k around its middle that contain the pixel. Of length 1. */
const bump = (rows: number, columns: number): Float64Array => {
  const [middleRow, middleColumn] = [Math.floor(rows / 2), Math.floor(columns / 2)]
  const rings = Math.max(middleRow, middleColumn)
  const values = new Float64Array(rows * columns)
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++)
      for (let k = Math.max(Math.abs(y - middleRow), Math.abs(x - middleColumn)); k <= rings; k++)
        values[y * columns + x] = (values[y * columns + x] ?? 0) + 1 / (k + 1) ** 2
  const length = Math.sqrt(squares(values))
  return values.map((value) => value / length)
}

/** The sum of squares. */
const squares = (values: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) ** 2
  return sum
}

const squaredDistance = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) {
    const gap = (a[i] ?? 0) - (b[i] ?? 0)
    sum += gap * gap
  }
  return sum
}
