import { encode } from 'fast-png'
import type { ImageShape } from '../../dsl/dataset.js'

/** One example that an attack broke. */
export interface PictureRow {
  /** Index of the example in the test set. */
  readonly index: number
  /** Class of the example. */
  readonly label: number
  /** Class that the network predicts for the adversarial image. */
  readonly guess: number
  /** Name of the attack that broke it. */
  readonly brokenBy: string
  /** Length of the perturbation in the attack's norm. */
  readonly distance: number
  /** Height × width × channels, in [0, 1]. */
  readonly original: Float32Array
  /** Height × width × channels, in [0, 1]. */
  readonly adversarial: Float32Array
}

/** The adversarial examples to draw, and the norm of the attack. */
export interface AttackPicture {
  /** 1 channel or 3. */
  readonly shape: ImageShape
  /** Norm of the perturbations: `Linf`, `L2`. */
  readonly norm: string
  /** Radius of the attack; Infinity for an attack without a radius. */
  readonly epsilon: number
  readonly rows: readonly PictureRow[]
}

/** One image of a picture, and the caption below it. */
export interface PictureCell {
  readonly text: string
  /** Height × width × channels. */
  readonly pixels: Uint8ClampedArray
}

/**
 * The change of a pixel that is drawn black or white, > 0. In L∞ it is ε. In other norms a pixel rarely changes by ε, so it
 * is the largest change of a pixel in the picture; 1 if no pixel changes, and the perturbation is then drawn grey.
 */
export const spanOf = ({ norm, epsilon, rows }: AttackPicture): number =>
  norm === 'Linf' && Number.isFinite(epsilon) ? epsilon : largestChange(rows)

/** For each example: the original image, the perturbation (mid-grey is no change) and the adversarial image. */
export const attackCells = (picture: AttackPicture): readonly (readonly [PictureCell, PictureCell, PictureCell])[] => {
  const span = spanOf(picture)
  const sign = normSign(picture.norm)
  return picture.rows.map((row) => [
    { text: `test image ${row.index}: ${row.label}`, pixels: pixelsOf(row.original, toGrey) },
    { text: brokenByOf(row, sign), pixels: pixelsOf(changeOf(row), (change) => MID + (change / span) * REACH) },
    { text: `taken for ${row.guess}`, pixels: pixelsOf(row.adversarial, toGrey) },
  ])
}

/** A PNG of 8 bits a channel. */
export const pngOf = (data: Uint8ClampedArray, { height, width, channels }: ImageShape): Uint8Array =>
  encode({ width, height, channels, depth: 8, data })

/** A norm as its sign: `L∞`. */
export const normSign = (norm: string): string => norms.get(norm) ?? norm

/** The attack that broke an example, and the length of its perturbation: `pgd, L∞ 0.300`. */
export const brokenByOf = ({ brokenBy, distance }: PictureRow, sign: string): string =>
  `${brokenBy}, ${sign} ${distance.toFixed(3)}`

const norms: ReadonlyMap<string, string> = new Map([
  ['Linf', 'L∞'],
  ['L2', 'L₂'],
])

/** The grey of no change, and its distance from black (1) and white (255), which is the same. */
const MID = 128
const REACH = 127

const toGrey = (value: number): number => 255 * value

const pixelsOf = (values: Float32Array, byte: (value: number) => number): Uint8ClampedArray =>
  Uint8ClampedArray.from(values, byte)

const changeOf = ({ original, adversarial }: PictureRow): Float32Array =>
  adversarial.map((value, i) => value - (original[i] ?? 0))

const largestChange = (rows: readonly PictureRow[]): number =>
  rows.reduce((most, row) => changeOf(row).reduce((far, change) => Math.max(far, Math.abs(change)), most), 0) || 1
