import type { ImageShape } from '../../../dsl/dataset.js'
import { PwoaFailure } from '../../../dsl/errors.js'

/** How pixels are read: three channels, or one. */
export type Color = 'rgb' | 'grey'

/** An image as bytes, height × width × channels. */
export interface Pixels {
  readonly data: Uint8Array
  readonly shape: ImageShape
}

export interface ImageDecoder {
  /** Other versions may give other pixels. */
  readonly version: string
  /** Rejects what is no whole JPEG or PNG. */
  readonly decode: (file: Uint8Array, color: Color) => Promise<Pixels>
}

const spaces = { rgb: 'srgb', grey: 'b-w' } as const satisfies Readonly<Record<Color, string>>

/** First bytes: the library reads more formats than these, one of which may name other files (SVG). */
const signatures: readonly (readonly number[])[] = [
  [0xff, 0xd8, 0xff],
  [0x89, 0x50, 0x4e, 0x47],
]

/**
 * Loads the decoder, which is native: only where images are read, so that everything else runs where it doesn't load.
 *
 * @throws PwoaFailure with a RunError where it can't be loaded
 */
export const loadDecoder = async (stage: string): Promise<ImageDecoder> => {
  const { default: sharp } = await import('sharp').catch((thrown: unknown) => {
    throw new PwoaFailure({
      _tag: 'RunError',
      stage,
      expected: 'the image decoder (sharp) to load',
      actual: thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown),
      hint: 'Install it for this platform: npm install --include=optional sharp',
      cause: thrown,
    })
  })
  return {
    version: `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`,
    decode: async (file, color) => {
      if (!signatures.some((signature) => signature.every((byte, i) => file[i] === byte)))
        throw new Error('neither JPEG nor PNG')
      // Pixels as they are stored, as PIL and torchvision read them: a colour profile doesn't change them.
      const { data, info } = await sharp(file, { failOn: 'warning', ignoreIcc: true })
        .removeAlpha()
        .toColourspace(spaces[color])
        .raw()
        .toBuffer({ resolveWithObject: true })
      const { height, width, channels } = info
      return { data, shape: { height, width, channels } }
    },
  }
}
