import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import type { ImageShape, Split } from '../dsl/dataset.js'
import { PwoaFailure } from '../dsl/errors.js'
import type { ImageFile } from './imageFiles.js'
import { type Place, Refusal, toFileError } from './refusal.js'

/** How pixels are read: three channels, or one. */
export type Color = 'rgb' | 'grey'

/** What is done about a file that is no image: refuse them all, or leave it out. */
export type Undecodable = 'refuse' | 'skip'

export interface DecodeOptions {
  readonly stage: string
  readonly color: Color
  readonly undecodable: Undecodable
  /** Stops it between two groups of files. */
  readonly signal: AbortSignal
}

export interface Decoded {
  readonly split: Split
  readonly shape: ImageShape
  readonly skipped: number
}

/** Of the decoder: other versions may give other pixels. */
export const decoderVersion = `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`

/** Files that are decoded side by side; the library has threads of its own. */
const GROUP = 64

const spaces = { rgb: 'srgb', grey: 'b-w' } as const satisfies Readonly<Record<Color, string>>

interface Pixels {
  readonly file: ImageFile
  readonly data: Uint8Array
  readonly shape: ImageShape
}

const decode = async (file: ImageFile, { stage, color, undecodable }: DecodeOptions): Promise<Pixels | undefined> => {
  try {
    const image = sharp(await readFile(file.path), { failOn: 'truncated' })
    const { data, info } = await image
      .removeAlpha()
      .toColourspace(spaces[color])
      .raw()
      .toBuffer({ resolveWithObject: true })
    const { height, width, channels } = info
    return { file, data, shape: { height, width, channels } }
  } catch (thrown) {
    if (undecodable === 'skip') return undefined
    const reason = thrown instanceof Error ? thrown.message.trim().replace(/\s*:?\s*\n.*$|:$/s, '') : String(thrown)
    const refusal = new Refusal(
      'an image',
      `a file that is none (${reason})`,
      "undecodable: 'skip' leaves such files out.",
    )
    throw new PwoaFailure(toFileError({ stage, file: file.path }, refusal))
  }
}

const interrupted = (stage: string): PwoaFailure =>
  new PwoaFailure({
    _tag: 'InterruptedError',
    stage,
    expected: 'all images to be decoded',
    actual: 'an interruption',
    hint: 'Run it again: they are decoded from the beginning.',
  })

const describe = ({ height, width, channels }: ImageShape): string => `${height} × ${width} × ${channels}`

/**
 * Decodes files into one array of bytes, in their order.
 *
 * @param expected the shape that all must have. @default that of the first file
 * @throws PwoaFailure with a FileError that names the first file that is no image or has another shape
 */
export const decodeImages = async (
  place: Place,
  files: readonly ImageFile[],
  options: DecodeOptions,
  expected?: ImageShape,
): Promise<Decoded> => {
  let shape = expected
  let images = new Uint8Array(0)
  const labels = new Uint8Array(files.length)
  let count = 0
  for (let begin = 0; begin < files.length; begin += GROUP) {
    if (options.signal.aborted) throw interrupted(place.stage)
    const group = await Promise.all(files.slice(begin, begin + GROUP).map((file) => decode(file, options)))
    for (const pixels of group) {
      if (pixels === undefined) continue
      const { file, data } = pixels
      if (shape === undefined || images.length === 0) {
        shape ??= pixels.shape
        images = new Uint8Array(files.length * shape.height * shape.width * shape.channels)
      }
      if (describe(pixels.shape) !== describe(shape)) {
        const refusal = new Refusal(`images of ${describe(shape)}, as the first`, describe(pixels.shape))
        throw new PwoaFailure(toFileError({ stage: place.stage, file: file.path }, refusal))
      }
      images.set(data, count * data.length)
      labels[count++] = file.label
    }
  }
  if (shape === undefined || count === 0)
    throw new PwoaFailure(toFileError(place, new Refusal('at least one image', 'none that can be decoded')))
  const size = shape.height * shape.width * shape.channels
  return {
    split: { count, images: images.subarray(0, count * size), labels: labels.subarray(0, count) },
    shape,
    skipped: files.length - count,
  }
}
