import * as t from 'io-ts'
import type { ImageShape } from '../../dsl/dataset.js'
import { objectCodec } from '../../dsl/kit/codecOf.js'
import { type AttackPicture, attackCells, type PictureCell, pngOf } from './attackCells.js'

const attackStrip = objectCodec({
  /** The captions of the three images. */
  caption: t.string,
  /** In pixels, of all three with the gaps between them. */
  height: t.number,
  /** In pixels, of all three with the gaps between them. */
  width: t.number,
  /** 1: grey, 3: RGB. */
  channels: t.number,
  /** A PNG file, in base64. */
  png: t.string,
})

/** One example that an attack broke: original, perturbation and adversarial image side by side. */
export interface AttackStrip extends t.TypeOf<typeof attackStrip> {}

/** The codec of {@link AttackStrip}. */
export const AttackStrip: t.Type<AttackStrip> = attackStrip

/** The examples of a picture, pixel for pixel, for programs that show images themselves. */
export const attackStrips = (picture: AttackPicture): readonly AttackStrip[] =>
  attackCells(picture).map((cells) => stripOf(cells, picture.shape))

/** White pixels between two images. */
const GAP = 2

const stripOf = (cells: readonly PictureCell[], shape: ImageShape): AttackStrip => {
  const { height, width: one, channels } = shape
  const width = cells.length * one + (cells.length - 1) * GAP
  const data = new Uint8ClampedArray(height * width * channels).fill(255)
  for (const [i, { pixels }] of cells.entries())
    for (let y = 0; y < height; y++) {
      const row = pixels.subarray(y * one * channels, (y + 1) * one * channels)
      data.set(row, (y * width + i * (one + GAP)) * channels)
    }
  const png = Buffer.from(pngOf(data, { height, width, channels })).toString('base64')
  return { caption: cells.map(({ text }) => text).join('; '), height, width, channels, png }
}
