import type { RandomStream } from '../../../math/random.js'
import { DIGIT_GLYPHS, type Glyph, type Stroke } from './digitGlyphs.js'

/** Height and width of a drawn image, in pixels. */
export const DIGIT_SIDE = 28

const CENTRE = (DIGIT_SIDE - 1) / 2
const CURVE_STEPS = 5
const MOST_EXTENT = 19.5

// Random variation of the handwriting: half-widths of uniform distributions, or ranges.
const WOBBLE = 0.035
const ROTATION = 0.2
const SHEAR = 0.3
const SHIFT = 1.2
const HEIGHT: Range = [16, 19.5]
const WIDTH: Range = [0.85, 1.2]
const RADIUS: Range = [0.75, 1.75]
const INK: Range = [0.85, 1]
const EDGE: Range = [0.5, 0.9]
const NOISE = 12

type Range = readonly [least: number, most: number]

const within = ([least, most]: Range, random: RandomStream): number => least + (most - least) * random.uniform()
const around = (width: number, random: RandomStream): number => width * (2 * random.uniform() - 1)

/** A Catmull–Rom spline, which passes through `b` at t = 0 and `c` at t = 1. */
const spline = (a: number, b: number, c: number, d: number, t: number): number =>
  b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))

/** Appends the segments of a stroke, four coordinates each, to `segments`. */
const flatten = ({ kind }: Stroke, xs: Float64Array, ys: Float64Array, segments: number[]): void => {
  const count = xs.length
  const at = (coordinates: Float64Array, i: number): number =>
    coordinates[kind === 'loop' ? (i + count) % count : Math.min(Math.max(i, 0), count - 1)] ?? 0
  const last = kind === 'loop' ? count : count - 1
  const steps = kind === 'line' ? 1 : CURVE_STEPS
  let x = at(xs, 0)
  let y = at(ys, 0)
  for (let i = 0; i < last; i++) {
    for (let step = 1; step <= steps; step++) {
      const t = step / steps
      const nextX = spline(at(xs, i - 1), at(xs, i), at(xs, i + 1), at(xs, i + 2), t)
      const nextY = spline(at(ys, i - 1), at(ys, i), at(ys, i + 1), at(ys, i + 2), t)
      segments.push(x, y, nextX, nextY)
      x = nextX
      y = nextY
    }
  }
}

/** The glyph's segments in pixels, after wobble, scaling, shear, rotation and centring. */
const layOut = ({ strokes, aspect }: Glyph, random: RandomStream): number[] => {
  const height = within(HEIGHT, random)
  const width = height * aspect * within(WIDTH, random)
  const shear = around(SHEAR, random)
  const angle = around(ROTATION, random)
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  const segments: number[] = []
  for (const stroke of strokes) {
    const xs = new Float64Array(stroke.points.length)
    const ys = new Float64Array(stroke.points.length)
    stroke.points.forEach(([px, py], i) => {
      const y = (py - 0.5 + around(WOBBLE, random)) * height
      const x = (px - 0.5 + around(WOBBLE, random)) * width - shear * y
      xs[i] = cos * x - sin * y
      ys[i] = sin * x + cos * y
    })
    flatten(stroke, xs, ys, segments)
  }
  return centred(segments, random)
}

const centred = (segments: number[], random: RandomStream): number[] => {
  let left = Number.POSITIVE_INFINITY
  let top = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  let bottom = Number.NEGATIVE_INFINITY
  for (let i = 0; i < segments.length; i += 2) {
    const x = segments[i] ?? 0
    const y = segments[i + 1] ?? 0
    if (x < left) left = x
    if (x > right) right = x
    if (y < top) top = y
    if (y > bottom) bottom = y
  }
  const scale = Math.min(1, MOST_EXTENT / Math.max(right - left, bottom - top, 1))
  const shiftX = CENTRE + around(SHIFT, random) - (scale * (left + right)) / 2
  const shiftY = CENTRE + around(SHIFT, random) - (scale * (top + bottom)) / 2
  for (let i = 0; i < segments.length; i += 2) {
    segments[i] = scale * (segments[i] ?? 0) + shiftX
    segments[i + 1] = scale * (segments[i + 1] ?? 0) + shiftY
  }
  return segments
}

/** Lowers `nearest` (squared distances in pixels) to the distance from one segment, for pixels within `reach` of it. */
const approach = (nearest: Float64Array, x0: number, y0: number, x1: number, y1: number, reach: number): void => {
  const dx = x1 - x0
  const dy = y1 - y0
  const lengthSquared = dx * dx + dy * dy
  const inverse = lengthSquared > 0 ? 1 / lengthSquared : 0
  const firstRow = Math.max(0, Math.ceil(Math.min(y0, y1) - reach))
  const lastRow = Math.min(DIGIT_SIDE - 1, Math.floor(Math.max(y0, y1) + reach))
  const firstColumn = Math.max(0, Math.ceil(Math.min(x0, x1) - reach))
  const lastColumn = Math.min(DIGIT_SIDE - 1, Math.floor(Math.max(x0, x1) + reach))
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const along = Math.min(1, Math.max(0, ((column - x0) * dx + (row - y0) * dy) * inverse))
      const offX = column - x0 - along * dx
      const offY = row - y0 - along * dy
      const distance = offX * offX + offY * offY
      const pixel = row * DIGIT_SIDE + column
      if (distance < (nearest[pixel] ?? 0)) nearest[pixel] = distance
    }
  }
}

const nearest = new Float64Array(DIGIT_SIDE * DIGIT_SIDE)

/**
 * Draws one digit, white on black, 28 × 28, into `out` from byte `offset` on. Style, size, slant, rotation, place,
 * thickness, ink and a small noise on every pixel are drawn from `random`.
 *
 * @param digit 0 … 9
 * @throws RangeError for any other digit
 */
export const renderDigit = (digit: number, random: RandomStream, out: Uint8Array, offset: number): void => {
  const styles = DIGIT_GLYPHS[digit] ?? []
  const glyph = styles[random.int(styles.length)]
  if (glyph === undefined) throw new RangeError(`expected a digit from 0 to 9, got ${digit}`)
  const segments = layOut(glyph, random)
  const radius = within(RADIUS, random)
  const edge = within(EDGE, random)
  const ink = 255 * within(INK, random)
  const reach = radius + edge
  nearest.fill(reach * reach)
  for (let i = 0; i < segments.length; i += 4) {
    approach(nearest, segments[i] ?? 0, segments[i + 1] ?? 0, segments[i + 2] ?? 0, segments[i + 3] ?? 0, reach)
  }
  let word = 0
  for (let pixel = 0; pixel < nearest.length; pixel++) {
    // One random word of 32 bits gives the noise of four pixels.
    word = pixel % 4 === 0 ? random.uint32() : word >>> 8
    const noise = NOISE * ((word & 0xff) / 127.5 - 1)
    const cover = Math.min(1, (reach - Math.sqrt(nearest[pixel] ?? 0)) / (2 * edge))
    out[offset + pixel] = Math.min(255, Math.max(0, Math.round(ink * cover + noise)))
  }
}
