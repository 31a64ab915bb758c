import { readFile } from 'node:fs/promises'
import { type ImageShape, imageSize, type Split } from '../../../dsl/dataset.js'
import { PwoaFailure } from '../../../dsl/errors.js'
import type { ReadBudget } from '../../files/readBudget.js'
import { type Place, Refusal, refusalAt, toFileError } from '../../files/refusal.js'
import { messageOf } from '../../files/thrown.js'
import type { Color, ImageDecoder, Pixels, Resizing } from './imageDecoder.js'
import type { ImageFile } from './imageFiles.js'

/** What happens to a file that cannot be decoded: it is an error, or the file is left out. */
export type Undecodable = 'refuse' | 'skip'

/** Options of {@link decodeImages}. */
export interface DecodeOptions {
  readonly decoder: ImageDecoder
  readonly color: Color
  readonly undecodable: Undecodable
  /** The size that every image gets. @default that of the first file, which all must have */
  readonly resizing?: Resizing | undefined
  /** Stops decoding between two groups of files. */
  readonly signal: AbortSignal
  /** The most bytes of pixels that all files together may have. */
  readonly mostBytes: number
  /** Counts the pixels of all files before any of them is decoded. */
  readonly budget: ReadBudget
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
/** The same if images get another size, which needs the pixels of whole images. */
const RESIZED = 4
/** The most bytes of pixels that are decoded at a time, unless a single image has more. */
const GROUP_BYTES = 2 ** 27
/** Copies of an image while it is decoded. */
const COPIES = 2
/** The most bytes of one file. */
const MOST_FILE_BYTES = 2 ** 28

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

/** Reads a file, and does something with its bytes; undefined if they can't be decoded and the file is left out. */
const withBytes = async <A>(
  place: Place,
  { path, size }: ImageFile,
  { undecodable }: Pick<DecodeOptions, 'undecodable'>,
  use: (bytes: Uint8Array) => Promise<A>,
): Promise<A | undefined> => {
  const own = { ...place, file: path }
  if (size > MOST_FILE_BYTES) throw refusalAt(own, `an image file of at most ${MOST_FILE_BYTES} bytes`, `${size} bytes`)
  const bytes = await readFile(path).catch((thrown: unknown) => {
    throw new PwoaFailure(toFileError(own, thrown))
  })
  try {
    return await use(bytes)
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) throw thrown
    if (undecodable === 'skip') return undefined
    const [actual, hint] =
      thrown instanceof Refusal
        ? [thrown.actual, thrown.hint]
        : [`a file that could not be decoded (${reasonOf(thrown)})`, undefined]
    throw refusalAt(own, 'an image', actual, hint ?? "undecodable: 'skip' leaves such files out.")
  }
}

const sizeInWords = ({ height, width, channels }: ImageShape): string => `${height} × ${width} × ${channels}`

const wrongShape = (place: Place, path: string, expected: ImageShape, actual: ImageShape): PwoaFailure =>
  refusalAt(
    { ...place, file: path },
    `images of ${sizeInWords(expected)}, as the first image`,
    sizeInWords(actual),
    `imageFolder({ size: ${Math.min(expected.height, expected.width)} }) gives all images one size.`,
  )

/** The pixels of a file; undefined if it is left out. By its header alone a larger image is refused. */
const pixelsOf = (
  place: Place,
  file: ImageFile,
  shape: ImageShape,
  { decoder, color, undecodable, resizing, budget }: DecodeOptions,
): Promise<Pixels | undefined> =>
  withBytes(place, file, { undecodable }, async (bytes) => {
    if (resizing) {
      const { height, width, channels } = await decoder.shapeOf(bytes, color)
      budget.check(RESIZED * COPIES * height * width * channels, `an image of ${height} × ${width} pixels`)
      return decoder.decodeTo(bytes, color, resizing, height * width)
    }
    const most = shape.height * shape.width
    try {
      return await decoder.decode(bytes, color, most)
    } catch (thrown) {
      const declared = await decoder.shapeOf(bytes, color).catch(() => shape)
      throw declared.height * declared.width > most ? wrongShape(place, file.path, shape, declared) : thrown
    }
  })

/** The shape of the first file that can be decoded; undefined if none can. */
const firstShape = async (
  place: Place,
  files: readonly ImageFile[],
  options: DecodeOptions,
): Promise<ImageShape | undefined> => {
  if (options.resizing) return shapeByHeader(place, files, options)
  for (const file of files) {
    if (options.signal.aborted) throw interrupted(place.stage)
    const declared = await withBytes(place, file, options, (bytes) => options.decoder.shapeOf(bytes, options.color))
    if (declared === undefined) continue
    checkRoom(place, files.length, declared, options)
    if ((await pixelsOf(place, file, declared, options)) !== undefined) return declared
  }
  return undefined
}

/**
 * The shape of the first file by its header alone.
 *
 * @throws PwoaFailure with a FileError for a file that is not an image, or if all of them are left out
 */
export const shapeByHeader = async (
  place: Place,
  files: readonly ImageFile[],
  { decoder, color, undecodable, resizing }: Pick<DecodeOptions, 'decoder' | 'color' | 'undecodable' | 'resizing'>,
): Promise<ImageShape> => {
  for (const file of files) {
    const shape = await withBytes(place, file, { undecodable }, (bytes) => decoder.shapeOf(bytes, color))
    if (shape !== undefined) return resizing ? { ...shape, height: resizing.size, width: resizing.size } : shape
  }
  throw nothingDecoded(place)
}

const FEWER_BYTES = 'imageFolder({ train, test }) reads fewer images of each class, and size makes them smaller.'

/** Refuses too many pixels before one of them is decoded. */
export const checkRoom = (
  place: Place,
  count: number,
  shape: ImageShape,
  { mostBytes, budget }: Pick<DecodeOptions, 'mostBytes' | 'budget'>,
): void => {
  const bytes = count * imageSize(shape)
  const images = `${count} images of ${sizeInWords(shape)}`
  if (bytes > mostBytes)
    throw refusalAt(place, `at most ${mostBytes} bytes of pixels`, `${images}, ${bytes} bytes`, FEWER_BYTES)
  budget.check(bytes, images)
}

const nothingDecoded = (place: Place): PwoaFailure =>
  refusalAt(place, 'at least one image', 'no file that can be decoded')

/**
 * Decodes files into one array of bytes, in their order.
 *
 * @param place the folder of all files
 * @throws PwoaFailure with a FileError that names the first file that can't be read, can't be decoded or has another
 * shape, or that names the folder if the pixels of all files are too many; Refusal if they are over the budget; or with an InterruptedError
 */
export const decodeImages = async (
  place: Place,
  files: readonly ImageFile[],
  options: DecodeOptions,
): Promise<Decoded> => {
  const shape = options.shape ?? (await firstShape(place, files, options))
  if (shape === undefined) throw nothingDecoded(place)
  checkRoom(place, files.length, shape, options)
  const labels = new Uint16Array(files.length)
  const size = imageSize(shape)
  const atOnce = Math.max(1, Math.min(options.resizing ? RESIZED : GROUP, files.length, Math.floor(GROUP_BYTES / size)))
  options.budget.allocate((files.length + COPIES * atOnce) * size, 'the pixels of all images')
  const images = new Uint8Array(files.length * size)
  let count = 0
  for (let begin = 0; begin < files.length; begin += atOnce) {
    if (options.signal.aborted) throw interrupted(place.stage)
    const group = files.slice(begin, begin + atOnce)
    const decoded = await Promise.allSettled(group.map((file) => pixelsOf(place, file, shape, options)))
    for (const [i, { path, label }] of group.entries()) {
      const one = decoded[i]
      if (one?.status === 'rejected') throw one.reason
      const pixels = one?.value
      if (pixels === undefined) continue
      if (sizeInWords(pixels.shape) !== sizeInWords(shape)) throw wrongShape(place, path, shape, pixels.shape)
      images.set(pixels.data, count * size)
      labels[count++] = label
    }
  }
  if (count === 0) throw nothingDecoded(place)
  return {
    split: { count, images: images.subarray(0, count * size), labels: labels.subarray(0, count) },
    shape,
    skipped: files.length - count,
  }
}
