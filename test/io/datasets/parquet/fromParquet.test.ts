import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encode } from 'fast-png'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../../src/dsl/dataset.js'
import { valueOfTask } from '../../../../src/dsl/errors.js'
import { type FromParquetOptions, fromParquet } from '../../../../src/io/datasets/parquet/fromParquet.js'
import { folderWith } from '../../../cli/commandLine.js'

const png = (value: number, width = 2): Uint8Array =>
  encode({ width, height: 1, channels: 1, depth: 8, data: new Uint8Array(width).fill(value) })

type Row = readonly [image: Uint8Array, label: number]

/** A file as Hugging Face's data sets have it: structs of bytes and a path, and labels. */
const asStructs = (rows: readonly Row[]): ArrayBuffer =>
  parquetWriteBuffer({
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 },
      { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
      { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      { name: 'label', type: 'INT64', repetition_type: 'OPTIONAL' },
    ],
    columnData: [
      { name: 'image', data: rows.map(([bytes]) => ({ bytes, path: 'a.png' })) },
      { name: 'label', data: rows.map(([, label]) => BigInt(label)) },
    ],
  })

/** A file with plain columns. */
const asColumns = (rows: readonly Row[]): ArrayBuffer =>
  parquetWriteBuffer({
    columnData: [
      { name: 'img', type: 'BYTE_ARRAY', data: rows.map(([bytes]) => bytes) },
      { name: 'fine_label', type: 'INT32', data: rows.map(([, label]) => label) },
    ],
  })

const opened = (
  files: Readonly<Record<string, ArrayBuffer>>,
  more: Partial<FromParquetOptions> = {},
): Promise<Dataset> => {
  const folder = folderWith({})
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), new Uint8Array(bytes))
  const source = fromParquet({ name: 'mine', train: ['a.parquet'], test: ['b.parquet'], color: 'grey', ...more })
  return valueOfTask(source.open({ dataDir: folder, seed: 0, signal: new AbortController().signal }))
}

const small = asStructs([[png(9), 1]])

describe('Parquet files', () => {
  it('with structs of bytes, in several files', async () => {
    const [first, second] = [
      asStructs([
        [png(1), 0],
        [png(2), 2],
      ]),
      asStructs([[png(3), 1]]),
    ]
    const data = await opened(
      { 'a.parquet': first, 'c.parquet': second, 'b.parquet': small },
      { train: ['a.parquet', 'c.parquet'] },
    )
    expect(data).toMatchObject({ classes: 3, shape: { height: 1, width: 2, channels: 1 } })
    expect([[...data.train.images], [...data.train.labels]]).toEqual([
      [1, 1, 2, 2, 3, 3],
      [0, 2, 1],
    ])
    expect([[...data.test.images], [...data.test.labels]]).toEqual([[9, 9], [1]])
  })

  it('with columns of other names, and images of several sizes', async () => {
    const file = asColumns([
      [png(1), 0],
      [png(2, 5), 1],
    ])
    const names = { image: 'img', label: 'fine_label' }
    const data = await opened({ 'a.parquet': file, 'b.parquet': file }, { ...names, size: 1 })
    expect([[...data.train.images], [...data.train.labels]]).toEqual([
      [1, 2],
      [0, 1],
    ])
    await expect(opened({ 'a.parquet': file, 'b.parquet': file }, names)).rejects.toThrow(
      'images of 1 × 2 pixels, as the first, got 1 × 5 in row 1',
    )
  })

  it.each<[string, ArrayBuffer, Partial<FromParquetOptions>, RegExp]>([
    [
      'another file',
      new Uint8Array(40).buffer,
      {},
      /a\.parquet: expected a whole Parquet file, got one that can't be read/,
    ],
    ['a file that is cut off', small.slice(0, small.byteLength - 9), {}, /expected a whole Parquet file/],
    ['no such column', small, { image: 'picture' }, /expected a column "picture", got the columns "image, label"/],
    ['labels out of range', asStructs([[png(9), 7]]), { classes: 3 }, /labels from 0 to 2, got 7 in row 0/],
    ['images that are none', asStructs([[Uint8Array.of(1, 2), 0]]), {}, /a JPEG or PNG image/],
  ])('are refused: %s', async (_, file, more, message) => {
    await expect(opened({ 'a.parquet': file, 'b.parquet': small }, more)).rejects.toThrow(message)
  })
})
