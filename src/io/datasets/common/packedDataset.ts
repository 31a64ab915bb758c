import { crc32 } from 'node:zlib'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type ImageShape, imageSize, type Split } from '../../../dsl/dataset.js'
import { objectCodec, wholeCodec } from '../../../dsl/kit/codecOf.js'
import { parseJson } from '../../../dsl/kit/parseJson.js'
import { labelBytes, labelsFrom, labelWidth, MOST_CLASSES } from '../../../dsl/labels.js'

/** A data set's pixels and labels, without its name. */
export interface PackedDataset {
  readonly shape: ImageShape
  readonly classes: number
  /** Number of files that were left out. */
  readonly skipped: number
  /** Whether the pixels are those that the authors of the data set published, byte for byte. */
  readonly published: boolean
  readonly train: Split
  readonly test: Split
}

// Its last character is the version of the format. Files of the first, `PWOAPACK`, had a checksum of their body alone:
// they are not read, and their data sets are packed again.
const MAGIC = 'PWOAPAK2'
/** The length of the header and the checksum, four bytes each. */
const HEAD = MAGIC.length + 8
const MOST_HEADER_BYTES = 4096

const Count = wholeCodec('a count', 0, 2 ** 31)
const Extent = wholeCodec('an extent', 1, 2 ** 16)

const Header = objectCodec({
  height: Extent,
  width: Extent,
  channels: Extent,
  classes: wholeCodec('a number of classes', 1, MOST_CLASSES),
  skipped: Count,
  published: t.boolean,
  train: Count,
  test: Count,
})

/**
 * A data set as the bytes of one file: `PWOAPAK2`, the length of the header and the CRC-32 of all that follows (uint32,
 * little-endian), the header as JSON, and the body: images and labels of the training split, then of the test split. A
 * label is a byte, or two if the header states more than 256 classes.
 */
export const packDataset = ({ shape, classes, skipped, published, train, test }: PackedDataset): Uint8Array => {
  const text = Buffer.from(
    JSON.stringify({ ...shape, classes, skipped, published, train: train.count, test: test.count }),
  )
  const head = Buffer.alloc(HEAD)
  head.write(MAGIC, 'latin1')
  head.writeUInt32LE(text.length, MAGIC.length)
  const body = [train, test].flatMap(({ images, labels }) => [images, labelBytes(labels, classes)])
  const file = Buffer.concat([head, text, ...body])
  file.writeUInt32LE(crc32(file.subarray(HEAD)), MAGIC.length + 4)
  return file
}

/** The data set that was packed, its images as views of the bytes; undefined if a byte is missing or changed. */
export const unpackDataset = (bytes: Uint8Array): PackedDataset | undefined => {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (file.length < HEAD || file.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  const begin = HEAD + file.readUInt32LE(MAGIC.length)
  if (begin > Math.min(file.length, HEAD + MOST_HEADER_BYTES)) return undefined
  if (crc32(file.subarray(HEAD)) !== file.readUInt32LE(MAGIC.length + 4)) return undefined
  const header = Header.decode(parseJson(file.toString('utf8', HEAD, begin)))
  if (isLeft(header)) return undefined
  const { height, width, channels, classes, skipped, published, ...counts } = header.right
  const size = imageSize(header.right)
  const each = size + labelWidth(classes)
  if (file.length !== begin + (counts.train + counts.test) * each) return undefined
  // Plain arrays, also if the bytes came as a Buffer.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const splitAt = (from: number, count: number): Split => ({
    count,
    images: plain.subarray(from, from + count * size),
    labels: labelsFrom(plain.subarray(from + count * size, from + count * each), classes),
  })
  const train = splitAt(begin, counts.train)
  const test = splitAt(begin + counts.train * each, counts.test)
  const known = [train, test].every(({ labels }) => labels.every((label) => label < classes))
  return known ? { shape: { height, width, channels }, classes, skipped, published, train, test } : undefined
}
