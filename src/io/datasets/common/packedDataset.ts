import { isLeft } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type ImageShape, imageSize, type Split } from '../../../dsl/dataset.js'
import { parseJson } from '../../../dsl/kit/parseJson.js'
import { crc32 } from '../../files/crc.js'

/** A data set's pixels and labels, without its name. */
export interface PackedDataset {
  readonly shape: ImageShape
  readonly classes: number
  /** Files that were left out. */
  readonly skipped: number
  /** Whether these are the pixels that the data set's authors have published, byte for byte. */
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
 * One file: `PWOAPACK`, the header's length (uint32, little-endian), the header as JSON with the CRC-32 of the rest,
 * and the rest: images and labels of the training split, then of the test split.
 */
export const packDataset = ({ shape, classes, skipped, published, train, test }: PackedDataset): Uint8Array => {
  const body = Buffer.concat([train.images, train.labels, test.images, test.labels])
  const header = { ...shape, classes, skipped, published, train: train.count, test: test.count, crc32: crc32(body) }
  const text = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(text.length)
  return Buffer.concat([Buffer.from(MAGIC), length, text, body])
}

/** What was packed, on the same memory; undefined where a byte is missing or has changed. */
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
  // Plain arrays, whatever kind of bytes the file came in.
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
