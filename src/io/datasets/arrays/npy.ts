// Arrays as NumPy writes them (numpy.lib.format, versions 1 to 3).
import { refuseKind } from '../../files/kindOfFile.js'
import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'

/** An array of a `.npy` file, in row-major order. */
export interface NpyArray {
  /** The length of each dimension. */
  readonly shape: readonly number[]
  /** `u1`, `f4` …: the kind of its numbers, and their bytes. */
  readonly type: NpyType
  readonly values: NpyValues
}

/** The numbers of an array. */
export type NpyValues =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array

/** The kinds of numbers that are read: booleans, whole numbers and floats. */
export type NpyType = keyof typeof readers

const readers = {
  b1: (bytes: ArrayBuffer) => new Uint8Array(bytes),
  u1: (bytes: ArrayBuffer) => new Uint8Array(bytes),
  i1: (bytes: ArrayBuffer) => new Int8Array(bytes),
  u2: (bytes: ArrayBuffer) => new Uint16Array(bytes),
  i2: (bytes: ArrayBuffer) => new Int16Array(bytes),
  u4: (bytes: ArrayBuffer) => new Uint32Array(bytes),
  i4: (bytes: ArrayBuffer) => new Int32Array(bytes),
  u8: (bytes: ArrayBuffer) => new BigUint64Array(bytes),
  i8: (bytes: ArrayBuffer) => new BigInt64Array(bytes),
  f4: (bytes: ArrayBuffer) => new Float32Array(bytes),
  f8: (bytes: ArrayBuffer) => new Float64Array(bytes),
} as const

const isKnown = (type: string): type is NpyType => Object.hasOwn(readers, type)

const MAGIC = '\x93NUMPY'
/** Longer headers are those of arrays with named columns. */
const MOST_HEADER = 10_000
const MOST_DIMENSIONS = 32

/** What the header of a `.npy` file says, and where its numbers begin. */
export interface NpyHeader extends Pick<NpyArray, 'shape' | 'type'> {
  readonly begin: number
}

/**
 * Reads the header of a `.npy` file. It is a Python dictionary, of which only the form that NumPy writes is read; nothing
 * is evaluated.
 *
 * @param bytes the first 10,012 bytes of the file, or all
 * @throws Refusal for another file, and for an array that is not row-major, has big-endian numbers, or holds objects
 */
export const readNpyHeader = (bytes: Uint8Array): NpyHeader => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (Buffer.from(bytes.subarray(0, 6)).toString('latin1') !== MAGIC) refuseKind('a .npy file', bytes, 'another file')
  if (bytes.length < 12) refuse('a header of 12 bytes or more', `${bytes.length} bytes`)
  const version = bytes[6] ?? 0
  if (version < 1 || version > 3) refuse('version 1, 2 or 3 of the format', `${version}`)
  const [length, start] = version === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12]
  const begin = start + length
  if (length > MOST_HEADER || begin > bytes.length)
    refuse(`a header of at most ${Math.min(MOST_HEADER, bytes.length - start)} bytes`, `${length} bytes`)
  return { ...readDictionary(Buffer.from(bytes.subarray(start, begin)).toString('latin1')), begin }
}

const readDictionary = (text: string): Pick<NpyArray, 'shape' | 'type'> => {
  const [, order, type] = /'descr': '([<>|=])(\w{2,3})'/.exec(text) ?? []
  const [, fortran] = /'fortran_order': (True|False)/.exec(text) ?? []
  const [, dimensions] = /'shape': \(((?:\d{1,15}(?:, ?|,?(?=\))))*)\)/.exec(text) ?? []
  if (order === undefined || type === undefined || !isKnown(type))
    return refuse('numbers: whole ones, or float32 or float64', quoted(text.trim()), SAVE_AS)
  if (order === '>') return refuse('little-endian numbers', `${order}${type}`, SAVE_AS)
  if (fortran !== 'False') return refuse('a row-major array', 'a column-major one', 'Save np.ascontiguousarray(a).')
  if (dimensions === undefined) return refuse('a shape', quoted(text.trim()))
  const shape = dimensions.split(',').flatMap((one) => (one.trim() === '' ? [] : [Number(one)]))
  if (shape.length > MOST_DIMENSIONS) refuse(`at most ${MOST_DIMENSIONS} dimensions`, `${shape.length}`)
  return { shape, type }
}

const SAVE_AS = "Save a.astype('<f4'), or np.uint8 for bytes and np.int64 for labels."

/**
 * Reads a `.npy` file.
 *
 * @param bytes the whole file
 * @param budget what it may cost
 * @throws Refusal as `readNpyHeader`, and for a length that is not that of the shape
 */
export const readNpy = (bytes: Uint8Array, budget: ReadBudget): NpyArray => {
  const { shape, type, begin } = readNpyHeader(bytes)
  const count = shape.reduce((product, length) => product * length, 1)
  const wanted = count * Number(type.slice(1))
  if (bytes.length - begin !== wanted)
    refuse(`${wanted} bytes for the shape (${shape.join(', ')})`, `${bytes.length - begin}`)
  budget.allocate(wanted, 'the numbers of the array')
  return { shape, type, values: readers[type](Uint8Array.from(bytes.subarray(begin)).buffer) }
}
