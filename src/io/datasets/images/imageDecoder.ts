import type { Sharp, SharpOptions } from 'sharp'
import type { ImageShape } from '../../../dsl/dataset.js'
import { missing } from '../../../dsl/optionalPackages.js'
import { refuseKind } from '../../files/kindOfFile.js'
import { refuse } from '../../files/refusal.js'

/** The channels of the pixels: three, or one. */
export type Color = 'rgb' | 'grey'

/** An image as bytes, height × width × channels. */
export interface Pixels {
  readonly data: Uint8Array
  readonly shape: ImageShape
}

/** A size that every image gets. */
export interface Resizing {
  /** Height and width of the result, in pixels. */
  readonly size: number
  /** `cover` crops what is longer, `contain` adds black, `fill` stretches. */
  readonly fit: 'cover' | 'contain' | 'fill'
  /** Pixels of the shorter side before a square of `size` is cropped from the middle, ≥ `size`. @default cropped by `fit` */
  readonly shorter?: number
}

/** Decodes JPEG and PNG. */
export interface ImageDecoder {
  /** The library with its version: another version may return other pixels. */
  readonly version: string
  /** Height × width × channels by the header of a file; rejects if it is neither JPEG nor PNG, or too long. Decodes nothing. */
  readonly shapeOf: (file: Uint8Array, color: Color) => Promise<ImageShape>
  /** Pixels of a file; rejects if it is not a whole JPEG or PNG file, or by its header has more than `most` pixels. */
  readonly decode: (file: Uint8Array, color: Color, most: number) => Promise<Pixels>
  /** The same in another size. The longer side of a covering image is cropped at both ends alike. */
  readonly decodeTo: (file: Uint8Array, color: Color, resizing: Resizing, most: number) => Promise<Pixels>
}

/** What JPEG allows; the decoder takes many times the memory of a longer row. */
const MOST_EXTENT = 65_535

const CHANNELS = { rgb: 3, grey: 1 } as const satisfies Readonly<Record<Color, number>>

const spaces = { rgb: 'srgb', grey: 'b-w' } as const satisfies Readonly<Record<Color, string>>

/** First bytes of JPEG and PNG. The library reads more formats, one of which may refer to other files (SVG). */
const signatures: readonly (readonly number[])[] = [
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47],
]

/**
 * Loads the decoder. It is native and large, so it is installed and loaded only if images are read.
 *
 * @param stage the stage that an error names
 * @throws UsageError if the decoder is not installed, or does not load on this platform
 */
export const loadDecoder = async (stage: string): Promise<ImageDecoder> => {
  const { default: sharp } = await import('sharp').catch(missing(stage, 'image files'))
  return {
    version: `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`,
    shapeOf: async (file, color) => {
      checkSignature(file)
      const { height, width } = await sharp(file, { limitInputPixels: false }).metadata()
      if (Math.max(height, width) > MOST_EXTENT)
        refuse(`an image of at most ${MOST_EXTENT} pixels a side`, `${height} × ${width}`)
      return { height, width, channels: CHANNELS[color] }
    },
    decode: (file, color, most) => {
      checkSignature(file)
      return pixelsOf(sharp(file, reading(most)), color)
    },
    decodeTo: async (file, color, resizing, most) => {
      checkSignature(file)
      const { hasAlpha, height, width } = await sharp(file, reading(most)).metadata()
      if (!hasAlpha) return pixelsOf(resized(sharp(file, reading(most)), resizing, { height, width }), color)
      // Alpha is dropped before resizing, which would weight the pixels by it.
      const { data } = await pixelsOf(sharp(file, reading(most)), color)
      const raw = { width, height, channels: CHANNELS[color] }
      return pixelsOf(resized(sharp(data, { raw }), resizing, { height, width }), color)
    },
  }
}

/** An image in another size. @param from its own */
const resized = (image: Sharp, { size, fit, shorter }: Resizing, from: Pick<ImageShape, 'height' | 'width'>): Sharp => {
  const how = { kernel: 'linear', background: 'black', fastShrinkOnLoad: false } as const
  if (shorter === undefined) return image.resize(size, size, { ...how, fit })
  const scaled = (side: number): number => Math.floor((shorter * side) / Math.min(from.height, from.width))
  const [height, width] = [scaled(from.height), scaled(from.width)]
  const place = { top: middle(height, size), left: middle(width, size), width: size, height: size }
  return image.resize(width, height, { ...how, fit: 'fill' }).extract(place)
}

/** Pixels before the middle `size` of a side: halves are rounded to even, as by torchvision. */
const middle = (side: number, size: number): number => {
  const half = (side - size) / 2
  return Number.isInteger(half) ? half : 2 * Math.round(half / 2)
}

/** Pixels as stored, without applying a colour profile or an orientation: PIL and torchvision read them in the same way. */
const reading = (most: number): SharpOptions => ({ failOn: 'warning', ignoreIcc: true, limitInputPixels: most })

const pixelsOf = async (image: Sharp, color: Color): Promise<Pixels> => {
  const { data, info } = await image
    .removeAlpha()
    .toColourspace(spaces[color])
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { height, width, channels } = info
  return { data, shape: { height, width, channels } }
}

/** @throws Refusal for a file that does not begin as JPEG or PNG does */
const checkSignature = (file: Uint8Array): void => {
  if (!signatures.some((signature) => signature.every((byte, i) => file[i] === byte)))
    refuseKind('a JPEG or PNG image', file, 'neither JPEG nor PNG')
}
