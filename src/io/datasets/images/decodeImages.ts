import { readFile } from 'node:fs/promises'
import { type ImageShape, imageSize, type Split } from '../../../dsl/dataset.js'
import { PwoaFailure } from '../../../dsl/errors.js'
import { type Place, refusalAt, toFileError } from '../../files/refusal.js'
import type { Color, ImageDecoder, Pixels } from './imageDecoder.js'
import type { ImageFile } from './imageFiles.js'

/** What is done about a file that is no image: refuse them all, or leave it out. */
export type Undecodable = 'refuse' | 'skip'

export interface DecodeOptions {
  readonly decoder: ImageDecoder
  readonly color: Color
  readonly undecodable: Undecodable
  /** Stops it between two groups of files. */
  readonly signal: AbortSignal
  /** Bytes of pixels, at most, that all files may come to. */
  readonly mostBytes: number
  /** The shape that all must have. @default that of the first file */
  readonly shape?: ImageShape
}

export interface Decoded {
  readonly split: Split
  readonly shape: ImageShape
  readonly skipped: number
}

/** Files that are decoded side by side; the library has threads of its own. */
const GROUP = 64

const interrupted = (stage: string): PwoaFailure =>
  new PwoaFailure({
    _tag: 'InterruptedError',
    stage,
    expected: 'all images to be decoded',
    actual: 'an interruption',
    hint: 'Run it again: they are decoded from the beginning.',
  })

const reasonOf = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message.trim().replace(/\s*:?\s*\n.*$|:$/s, '') : String(thrown)

/** The pixels of a file; undefined for one that is left out. */
const pixelsOf = async (place: Place, { decoder, color, undecodable }: DecodeOptions): Promise<Pixels | undefined> => {
  const bytes = await readFile(place.file).catch((thrown: unknown) => {
    throw new PwoaFailure(toFileError(place, thrown))
  })
  try {
    return await decoder.decode(bytes, color)
  } catch (thrown) {
    if (undecodable === 'skip') return undefined
    const hint = "undecodable: 'skip' leaves such files out."
    throw refusalAt(place, 'an image', `a file that is none (${reasonOf(thrown)})`, hint)
  }
}

const sizeInWords = ({ height, width, channels }: ImageShape): string => `${height} × ${width} × ${channels}`

/** Room for so many images of a shape. */
const room = (place: Place, count: number, shape: ImageShape, mostBytes: number): Uint8Array => {
  const bytes = count * imageSize(shape)
  if (bytes <= mostBytes) return new Uint8Array(bytes)
  throw refusalAt(
    place,
    `at most ${mostBytes} bytes of pixels`,
    `${count} images of ${sizeInWords(shape)}, ${bytes} bytes`,
  )
}

/**
 * Decodes files into one array of bytes, in their order.
 *
 * @param place of all of them
 * @throws PwoaFailure with a FileError that names the first file that can't be read, is no image or has another shape;
 * or the place, where they are more than fit
 */
export const decodeImages = async (
  place: Place,
  files: readonly ImageFile[],
  options: DecodeOptions,
): Promise<Decoded> => {
  let shape = options.shape
  let images: Uint8Array | undefined
  const labels = new Uint8Array(files.length)
  let count = 0
  for (let begin = 0; begin < files.length; begin += GROUP) {
    if (options.signal.aborted) throw interrupted(place.stage)
    const group = files.slice(begin, begin + GROUP)
    const decoded = await Promise.allSettled(group.map(({ path }) => pixelsOf({ ...place, file: path }, options)))
    for (const [i, { path, label }] of group.entries()) {
      const one = decoded[i]
      if (one?.status === 'rejected') throw one.reason
      const pixels = one?.value
      if (pixels === undefined) continue
      shape ??= pixels.shape
      images ??= room(place, files.length, shape, options.mostBytes)
      if (sizeInWords(pixels.shape) !== sizeInWords(shape))
        throw refusalAt(
          { ...place, file: path },
          `images of ${sizeInWords(shape)}, as the first`,
          sizeInWords(pixels.shape),
        )
      images.set(pixels.data, count * pixels.data.length)
      labels[count++] = label
    }
  }
  if (shape === undefined || images === undefined)
    throw refusalAt(place, 'at least one image', 'none that can be decoded')
  return {
    split: { count, images: images.subarray(0, count * imageSize(shape)), labels: labels.subarray(0, count) },
    shape,
    skipped: files.length - count,
  }
}
