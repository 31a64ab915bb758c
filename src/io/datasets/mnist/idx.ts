import { gunzipSync } from 'node:zlib'
import type { Either } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { refuseKind } from '../../files/kindOfFile.js'
import { refuse, refusing } from '../../files/refusal.js'
import { codeOf, messageOf } from '../../files/thrown.js'

const IMAGES_MAGIC = 2051
const LABELS_MAGIC = 2049
const MAGIC_NAMES: Readonly<Record<number, string>> = { [IMAGES_MAGIC]: 'images', [LABELS_MAGIC]: 'labels' }
/** Bytes before the pixels, and before the labels. */
const IMAGES_HEADER = 16
const LABELS_HEADER = 8
const MOST_BYTES = 2 ** 28
const MOST_EXTENT = 4096

/** Grey images as plain bytes. */
export interface IdxImages {
  readonly count: number
  /** Height in pixels. */
  readonly rows: number
  /** Width in pixels. */
  readonly columns: number
  /** count × rows × columns bytes, 0 … 255. */
  readonly pixels: Uint8Array
}

/**
 * The contents of a file that may be packed with gzip, which its first bytes show.
 *
 * @throws Refusal for gzip data that is cut off, corrupt or larger than 256 MiB unpacked
 */
export const unpacked = (bytes: Uint8Array): Uint8Array => {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    const out = gunzipSync(bytes, { maxOutputLength: MOST_BYTES })
    return new Uint8Array(out.buffer, out.byteOffset, out.byteLength)
  } catch (thrown) {
    return codeOf(thrown) === 'ERR_BUFFER_TOO_LARGE'
      ? refuse(`a gzip file of at most ${MOST_BYTES} bytes unpacked`, 'more')
      : refuse('a whole gzip file', `a file that is cut off or corrupt (${messageOf(thrown)})`)
  }
}

const openIdx = (bytes: Uint8Array, magic: number, headerBytes: number): DataView => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 4) return refuse('an idx file', `${bytes.length} bytes`)
  const found = view.getUint32(0)
  if (found !== magic) {
    const name = MAGIC_NAMES[found]
    const expected = `idx magic ${magic} (${MAGIC_NAMES[magic]})`
    return name === undefined ? refuseKind(expected, bytes, `${found}`) : refuse(expected, `${found} (${name})`)
  }
  if (bytes.length < headerBytes) return refuse(`an idx header of ${headerBytes} bytes`, `${bytes.length} bytes`)
  return view
}

const body = (view: DataView, headerBytes: number, count: number, contents: string): Uint8Array => {
  const wanted = headerBytes + count
  if (view.byteLength !== wanted) return refuse(`${wanted} bytes for ${contents}`, `${view.byteLength} bytes`)
  return new Uint8Array(view.buffer, view.byteOffset + headerBytes, count)
}

/** The header of an idx file. */
export interface IdxHeader {
  /** How many images or labels there are. */
  readonly count: number
  /** Height of the images in pixels; 1 of labels. */
  readonly rows: number
  /** Width of the images in pixels; 1 of labels. */
  readonly columns: number
  /** Bytes of the whole file, unpacked. */
  readonly bytes: number
}

const imagesHeader = (view: DataView): IdxHeader => {
  const count = view.getUint32(4)
  const rows = view.getUint32(8)
  const columns = view.getUint32(12)
  if (count === 0) return refuse('one image or more', '0 images')
  if (rows < 1 || rows > MOST_EXTENT || columns < 1 || columns > MOST_EXTENT) {
    return refuse(`images of 1 × 1 to ${MOST_EXTENT} × ${MOST_EXTENT} pixels`, `${rows} × ${columns}`)
  }
  return { count, rows, columns, bytes: IMAGES_HEADER + count * rows * columns }
}

const labelsHeader = (view: DataView): IdxHeader => {
  const count = view.getUint32(4)
  return count === 0
    ? refuse('one label or more', '0 labels')
    : { count, rows: 1, columns: 1, bytes: LABELS_HEADER + count }
}

const headers = {
  images: (bytes: Uint8Array) => imagesHeader(openIdx(bytes, IMAGES_MAGIC, IMAGES_HEADER)),
  labels: (bytes: Uint8Array) => labelsHeader(openIdx(bytes, LABELS_MAGIC, LABELS_HEADER)),
}

const images = (packed: Uint8Array): IdxImages => {
  const view = openIdx(unpacked(packed), IMAGES_MAGIC, IMAGES_HEADER)
  const { count, rows, columns } = imagesHeader(view)
  const contents = `${count} images of ${rows} × ${columns} pixels`
  return { count, rows, columns, pixels: body(view, IMAGES_HEADER, count * rows * columns, contents) }
}

const labels = (packed: Uint8Array, classes: number): Uint8Array => {
  const view = openIdx(unpacked(packed), LABELS_MAGIC, LABELS_HEADER)
  const { count } = labelsHeader(view)
  const values = body(view, LABELS_HEADER, count, `${count} labels`)
  const wrong = values.findIndex((label) => label >= classes)
  return wrong < 0 ? values : refuse(`labels from 0 to ${classes - 1}`, `${values[wrong]} as label number ${wrong}`)
}

/**
 * Reads the header of an idx file.
 *
 * @param head the first 16 bytes of the file or more, unpacked
 * @param contents what the file must hold
 * @returns the header, or a FileError for a wrong magic number, no images or labels, or images of a wrong size
 */
export const readIdxHeader = (
  head: Uint8Array,
  file: string,
  contents: keyof typeof headers,
  stage: string,
): Either<PwoaError, IdxHeader> => refusing({ stage, file }, () => headers[contents](head))

/**
 * Reads an idx file of grey images, packed with gzip or not, as its first bytes show.
 *
 * @param bytes the whole file
 * @param file its name, for errors
 * @param stage the stage that an error names
 * @returns the images, or a FileError for a wrong magic number, a count or size that does not match the length of the
 * file, and gzip data that is cut off, corrupt or larger than 256 MiB unpacked
 */
export const readIdxImages = (bytes: Uint8Array, file: string, stage = 'mnist'): Either<PwoaError, IdxImages> =>
  refusing({ stage, file }, () => images(bytes))

/**
 * Reads an idx file of labels, packed with gzip or not.
 *
 * @param bytes the whole file
 * @param file its name, for errors
 * @param classes number of classes, 1 … 256
 * @param stage the stage that an error names
 * @returns the labels, or a FileError as for `readIdxImages`, and for a label of `classes` or more
 */
export const readIdxLabels = (
  bytes: Uint8Array,
  file: string,
  classes = 10,
  stage = 'mnist',
): Either<PwoaError, Uint8Array> => refusing({ stage, file }, () => labels(bytes, classes))
