import { readFile } from 'node:fs/promises'
import { type ImageShape, imageSize, type Split } from '../../../dsl/dataset.js'
import { PwoaFailure } from '../../../dsl/errors.js'
import { type Place, refusalAt, toFileError } from '../../files/refusal.js'
import { messageOf } from '../../files/thrown.js'
import type { Color, ImageDecoder, Pixels } from './imageDecoder.js'
import type { ImageFile } from './imageFiles.js'

/** What happens to a file that cannot be decoded: it is an error, or the file is left out. */
export type Undecodable = 'refuse' | 'skip'

/** Options of {@link decodeImages}. */
export interface DecodeOptions {
  readonly decoder: ImageDecoder
  readonly color: Color
  readonly undecodable: Undecodable
  /** Stops decoding between two groups of files. */
  readonly signal: AbortSignal
  /** The most bytes of pixels that all files together may have. */
  readonly mostBytes: number
  /** The shape that all images must have. @default that of the first file */
  readonly shape?: ImageShape
}

/** Decoded images. */
export interface Decoded {
  readonly split: Split
  /** The shape of each image. */
  readonly shape: ImageShape
  /** Number of files that were left out. */
  readonly skipped: number
}

/** Files that are decoded at a time; the library has its own threads. */
const GROUP = 64

const interrupted = (stage: string): PwoaFailure =>
  new PwoaFailure({
    _tag: 'InterruptedError',
    stage,
    expected: 'all images to be decoded',
    actual: 'an interruption',
    hint: 'Run it again: decoding restarts from the first image.',
  })

/** The first line of the message, without a colon at its end. */
const reasonOf = (thrown: unknown): string =>
  messageOf(thrown)
    .trim()
    .replace(/\s*:?\s*\n.*$|:$/s, '')

/** The pixels of a file; undefined if it is left out. */
const pixelsOf = async (place: Place, { decoder, color, undecodable }: DecodeOptions): Promise<Pixels | undefined> => {
  const bytes = await readFile(place.file).catch((thrown: unknown) => {
    throw new PwoaFailure(toFileError(place, thrown))
  })
  try {
    return await decoder.decode(bytes, color)
  } catch (thrown) {
    if (undecodable === 'skip') return undefined
    const hint = "undecodable: 'skip' leaves such files out."
    throw refusalAt(place, 'an image', `a file that could not be decoded (${reasonOf(thrown)})`, hint)
  }
}

const sizeInWords = ({ height, width, channels }: ImageShape): string => `${height} × ${width} × ${channels}`

/** An array for so many images of a shape. */
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
 * @param place the folder of all files
 * @throws PwoaFailure with a FileError that names the first file that can't be read, can't be decoded or has another
 * shape, or that names the folder if the pixels of all files are too many; or with an InterruptedError
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
          `images of ${sizeInWords(shape)}, as the first image`,
          sizeInWords(pixels.shape),
        )
      images.set(pixels.data, count * pixels.data.length)
      labels[count++] = label
    }
  }
  if (shape === undefined || images === undefined)
    throw refusalAt(place, 'at least one image', 'no file that can be decoded')
  return {
    split: { count, images: images.subarray(0, count * imageSize(shape)), labels: labels.subarray(0, count) },
    shape,
    skipped: files.length - count,
  }
}
