import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { missing } from '../../../dsl/optionalPackages.js'
import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, Refusal, refuse } from '../../files/refusal.js'
import { messageOf } from '../../files/thrown.js'

/** The rows of a table: an encoded image, and its label. */
export interface ParquetRow {
  readonly image: Uint8Array
  readonly label: number
}

/** The names of the columns. */
export interface ParquetColumns {
  readonly image: string
  readonly label: string
}

/**
 * Reads the images and labels of a Parquet file, by the library hyparquet. A column of images holds encoded images, or
 * structs with a field `bytes`, as Hugging Face's data sets do.
 *
 * @param budget counts what the pages of columns unpack to
 * @throws UsageError if the library is not installed; Refusal for a file that is damaged, over the budget, or without the
 * columns
 */
export const readParquet = async (
  stage: string,
  bytes: Uint8Array,
  { image, label }: ParquetColumns,
  budget: ReadBudget,
): Promise<readonly ParquetRow[]> => {
  const library = await import('hyparquet').catch(missing(stage, 'reading Parquet'))
  const unpack =
    (how: (packed: Uint8Array, length: number) => Uint8Array) =>
    (packed: Uint8Array, length: number): Uint8Array => {
      budget.allocate(length, 'a page of the file')
      return how(packed, length)
    }
  const compressors = {
    SNAPPY: unpack((packed, length) => {
      const out = new Uint8Array(length)
      library.snappyUncompress(packed, out)
      return out
    }),
    GZIP: unpack((packed, length) => gunzipSync(packed, { maxOutputLength: length + 1 })),
    BROTLI: unpack((packed, length) => brotliDecompressSync(packed, { maxOutputLength: length + 1 })),
  }
  const file = Uint8Array.from(bytes).buffer
  try {
    const metadata = library.parquetMetadata(file)
    const names = library.parquetSchema(metadata).children.map(({ element }) => element.name)
    for (const name of [image, label])
      if (!names.includes(name)) refuse(`a column ${quoted(name)}`, `the columns ${quoted(names.join(', '))}`)
    const columns = [image, label]
    const rows = await library.parquetReadObjects({ file, metadata, columns, compressors, utf8: false })
    return rows.map((row, index) => ({ image: imageOf(row[image], index), label: labelOf(row[label], index) }))
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown
    return refuse('a whole Parquet file', `one that can't be read (${messageOf(thrown)})`)
  }
}

const imageOf = (cell: unknown, index: number): Uint8Array => {
  const bytes = typeof cell === 'object' && cell !== null && 'bytes' in cell ? cell.bytes : cell
  return bytes instanceof Uint8Array ? bytes : refuse(`an encoded image in row ${index}`, typeof bytes)
}

const labelOf = (cell: unknown, index: number): number =>
  typeof cell === 'bigint' || typeof cell === 'number'
    ? Number(cell)
    : refuse(`a whole number as label in row ${index}`, typeof cell)
