import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync, gzipSync } from 'node:zlib'
import sharp from 'sharp'
import tar from 'tar-stream'
import { CIFAR_10 } from '../../../src/io/datasets/cifar/cifarFiles.js'
import { readRecords } from '../../../src/io/datasets/cifar/cifarRecords.js'
import { packDataset, unpackDataset } from '../../../src/io/datasets/common/packedDataset.js'
import { decodeImages } from '../../../src/io/datasets/images/decodeImages.js'
import { loadDecoder } from '../../../src/io/datasets/images/imageDecoder.js'
import { readIdxImages, readIdxLabels } from '../../../src/io/datasets/mnist/idx.js'
import { refuse } from '../../../src/io/files/refusal.js'
import { untar } from '../../../src/io/files/untar.js'
import { concat, u32 } from '../../io/bytes.js'
import { type FuzzKind, must, type Seed, whole } from '../kind.js'
import { temporary } from '../temporary.js'

const bigEndian = (...values: readonly number[]): Uint8Array => {
  const bytes = Buffer.alloc(4 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i)
  return bytes
}

const images = concat(bigEndian(2051, 2, 3, 2), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
const labels = concat(bigEndian(2049, 3), Uint8Array.of(0, 9, 4))

/** A file that is packed with gzip after it was changed. */
const gzipped = (bytes: Uint8Array): Seed => ({
  parts: [bytes],
  build: ([only = bytes]) => gzipSync(only, { level: 1 }),
})

/** Files of MNIST's format. A file of images is read as labels, too, and must be refused then. */
export const idx: FuzzKind = {
  seeds: async () => [whole(images), whole(labels), whole(gzipSync(images)), gzipped(images), gzipped(labels)],
  hostile: {
    'a gzip bomb': () => gzipSync(new Uint8Array(2 ** 28 + 1), { level: 1 }),
    'four billion images': () => bigEndian(2051, 2 ** 32 - 1, 4096, 4096),
  },
  read: (bytes) => {
    const read = readIdxImages(bytes, 'a')
    return read._tag === 'Right' ? read.right : must(readIdxLabels(bytes, 'a'))
  },
}

const contents = {
  shape: { height: 2, width: 3, channels: 1 },
  classes: 2,
  skipped: 0,
  published: false,
  train: { count: 2, images: Uint8Array.from({ length: 12 }, (_, i) => i), labels: Uint16Array.of(0, 1) },
  test: { count: 1, images: new Uint8Array(6), labels: Uint16Array.of(1) },
}

/** A packed data set whose header or body is changed; the length and the checksum are right. */
const packed = (): Seed => {
  const file = Buffer.from(packDataset(contents))
  const begin = 16 + file.readUInt32LE(8)
  return {
    parts: [file.subarray(16, begin), file.subarray(begin)],
    build: ([header = new Uint8Array(0), body = new Uint8Array(0)]) =>
      concat('PWOAPAK2', u32(header.length), u32(crc32(concat(header, body))), header, body),
  }
}

/** Packed data sets of the cache folder. */
export const pack: FuzzKind = {
  seeds: async () => [whole(packDataset(contents)), packed()],
  hostile: {},
  read: (bytes) => unpackDataset(bytes) ?? refuse('a packed data set', 'a damaged one'),
}

const record = Uint8Array.from({ length: 3073 }, (_, i) => (i === 0 ? 3 : i % 251))
const names = [...CIFAR_10.train, ...CIFAR_10.test].map(({ name }) => name)

const tarOf = async (files: readonly string[]): Promise<Uint8Array> => {
  const archive = tar.pack()
  for (const name of files) archive.entry({ name: `cifar-10-batches-bin/${name}` }, Buffer.from(record))
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const MOST_BYTES = 2 ** 28

/** Archives of CIFAR-10. */
export const cifar: FuzzKind = {
  seeds: async () => {
    const archive = await tarOf(names)
    return [gzipped(archive), whole(gzipSync(archive))]
  },
  hostile: {
    'an archive that unpacks to more than 256 MiB': () => gzipSync(new Uint8Array(2 ** 28 + 2 ** 20), { level: 1 }),
  },
  read: async (bytes) => {
    const found = await untar(bytes, new Set(names), MOST_BYTES)
    const parts = names.map((name) => ({ name, bytes: found.get(name) ?? refuse(name, 'no such file') }))
    return readRecords(parts, CIFAR_10)
  },
}

const chunk = (type: string, data: Uint8Array): Uint8Array =>
  concat(bigEndian(data.length), type, data, bigEndian(crc32(concat(type, data))))

/** A grey PNG file of that size by its header, with so many rows of black pixels. */
const pngOf = (width: number, height: number, rows = 1): Uint8Array =>
  concat(
    '\x89PNG\r\n\x1a\n',
    chunk('IHDR', concat(bigEndian(width, height), Uint8Array.of(8, 0, 0, 0, 0))),
    chunk('IDAT', deflateSync(new Uint8Array(rows * (width + 1)))),
    chunk('IEND', new Uint8Array(0)),
  )

const picture = sharp({ create: { width: 5, height: 4, channels: 3, background: '#48a' } })
/** JPEG and PNG files. */
export const image: FuzzKind = {
  seeds: async () => [whole(await picture.clone().png().toBuffer()), whole(await picture.clone().jpeg().toBuffer())],
  hostile: {
    'two billion pixels by the header': () => pngOf(46_000, 46_000),
    'a row of a hundred million pixels': () => pngOf(100_000_000, 1),
    'as many pixels as the budget allows': () => pngOf(7600, 7600, 7600),
  },
  read: async (bytes, budget) => {
    const path = join(temporary(), 'image')
    writeFileSync(path, bytes)
    const decoder = await loadDecoder('fuzz')
    const { signal } = new AbortController()
    const settings = { decoder, color: 'rgb', undecodable: 'refuse', signal, mostBytes: 2 ** 31, budget } as const
    const file = { path, label: 0, size: bytes.length, modified: 0 }
    return decodeImages({ stage: 'fuzz', file: 'images' }, [file], settings)
  },
}
