import { type DecodedPng, decode, encode } from 'fast-png'
import { unescapeXml } from '../../dsl/kit/xml.js'

/** One example in a picture by `drawAttackPicture`. */
export interface AttackImage {
  /** Original, perturbation and adversarial image side by side. */
  readonly png: Uint8Array
  readonly height: number
  readonly width: number
  readonly channels: number
  /** The captions of the three images in the picture. */
  readonly caption: string
}

/**
 * The examples in a picture of attacks, pixel for pixel.
 *
 * @param svg a picture by `drawAttackPicture`
 */
export const attackImages = (svg: string): readonly AttackImage[] => {
  const cells = [...svg.matchAll(CELL)].map(([, png = '', text = '']) => ({ png, text: unescapeXml(text) }))
  const rows = Array.from({ length: Math.floor(cells.length / COLUMNS) }, (_, row) =>
    cells.slice(COLUMNS * row, COLUMNS * (row + 1)),
  )
  return rows.map((row) => ({
    ...joined(row.map(({ png }) => png)),
    caption: row.map(({ text }) => text).join('; '),
  }))
}

/** Original, perturbation, adversarial image. */
const COLUMNS = 3
const CELL = /href="data:image\/png;base64,([^"]+)"\/>\s*<text[^>]*>([^<]*)<\/text>/g

/** White pixels between two images. All three have the same size. */
const GAP = 2

const joined = (pngs: readonly string[]): Omit<AttackImage, 'caption'> => {
  const images = pngs.map((base64) => decode(Buffer.from(base64, 'base64')))
  const largest = (of: (image: DecodedPng) => number): number => Math.max(...images.map(of))
  const [height, one, channels] = [largest((i) => i.height), largest((i) => i.width), largest((i) => i.channels)]
  const width = images.length * one + (images.length - 1) * GAP
  const data = new Uint8ClampedArray(height * width * channels).fill(255)
  for (const [i, image] of images.entries())
    for (let y = 0; y < height; y++) {
      const row = image.data.subarray(y * one * channels, (y + 1) * one * channels)
      data.set(row, (y * width + i * (one + GAP)) * channels)
    }
  return { png: encode({ width, height, channels, depth: 8, data }), height, width, channels }
}
