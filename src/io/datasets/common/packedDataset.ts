import { crc32 } from 'node:zlib'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type ImageShape, imageSize, type Split } from '../../../dsl/dataset.js'
import { parseJson } from '../../../dsl/kit/parseJson.js'

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

const MAGIC = 'PWOAPACK'
const HEAD = MAGIC.length + 4

const Header = t.readonly(
  t.type({
    height: t.Int,
    width: t.Int,
    channels: t.Int,
    classes: t.Int,
    skipped: t.Int,
    published: t.boolean,
    train: t.Int,
    test: t.Int,
    crc32: t.number,
  }),
)

/**
 * A data set as the bytes of one file: `PWOAPACK`, the length of the header (uint32, little-endian), the header as JSON
 * with the CRC-32 of the body, and the body: images and labels of the training split, then of the test split.
 */
export const packDataset = ({ shape, classes, skipped, published, train, test }: PackedDataset): Uint8Array => {
  const body = Buffer.concat([train.images, train.labels, test.images, test.labels])
  const header = { ...shape, classes, skipped, published, train: train.count, test: test.count, crc32: crc32(body) }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return Buffer.concat([Buffer.from(MAGIC), length, text, body])
}

/** The data set that was packed, as views of the bytes; undefined if a byte is missing or changed. */
export const unpackDataset = (bytes: Uint8Array): PackedDataset | undefined => {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (file.length < HEAD || file.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  const begin = HEAD + file.readUInt32LE(MAGIC.length)
  const header = Header.decode(parseJson(file.toString('utf8', HEAD, begin)))
  if (isLeft(header)) return undefined
  const { height, width, channels, classes, skipped, published, crc32: checksum, ...counts } = header.right
  const size = imageSize(header.right)
  const whole = begin + (counts.train + counts.test) * (size + 1)
  if (file.length !== whole || crc32(file.subarray(begin)) !== checksum) return undefined
  // Plain arrays, also if the bytes came as a Buffer.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const splitAt = (from: number, count: number): Split => ({
    count,
    images: plain.subarray(from, from + count * size),
    labels: plain.subarray(from + count * size, from + count * (size + 1)),
  })
  return {
    shape: { height, width, channels },
    classes,
    skipped,
    published,
    train: splitAt(begin, counts.train),
    test: splitAt(begin + counts.train * (size + 1), counts.test),
  }
}
