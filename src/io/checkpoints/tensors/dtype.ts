import { copyStrided } from './strided.js'

/** Element types that the readers convert to float32. */
export type Dtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL'

/** Bytes of one element. */
export const DTYPE_BYTES: Readonly<Record<Dtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
}

const halfToNumber = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >>> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** All 2¹⁶ half floats by their bits: 256 KiB, made when the first is read. */
let halves: Float32Array | undefined

const halfOf = (bits: number): number => {
  halves ??= Float32Array.from({ length: 2 ** 16 }, (_, each) => halfToNumber(each))
  return halves[bits] ?? Number.NaN
}

const scratch = new DataView(new ArrayBuffer(4))

const bfloatToNumber = (bits: number): number => {
  scratch.setUint16(0, bits)
  return scratch.getFloat32(0)
}

/** Readers of the little-endian element that starts at a byte offset. */
const READERS: Readonly<Record<Dtype, (view: DataView, offset: number) => number>> = {
  F64: (view, offset) => view.getFloat64(offset, true),
  F32: (view, offset) => view.getFloat32(offset, true),
  F16: (view, offset) => halfOf(view.getUint16(offset, true)),
  BF16: (view, offset) => bfloatToNumber(view.getUint16(offset, true)),
  I64: (view, offset) => Number(view.getBigInt64(offset, true)),
  I32: (view, offset) => view.getInt32(offset, true),
  I16: (view, offset) => view.getInt16(offset, true),
  I8: (view, offset) => view.getInt8(offset),
  U8: (view, offset) => view.getUint8(offset),
  BOOL: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1),
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/**
 * Reads single elements.
 *
 * @returns the element of an index; the caller has checked that it is within `bytes`
 */
export const elementReader = (bytes: Uint8Array, dtype: Dtype): ((index: number) => number) => {
  const [view, size, read] = [viewOf(bytes), DTYPE_BYTES[dtype], READERS[dtype]]
  return (index) => read(view, index * size)
}

/**
 * Converts `count` consecutive elements from element `offset` on. Integers above 2²⁴ and doubles are rounded to the
 * nearest float32. The caller has checked that all elements are within `bytes`.
 */
export const toFloat32 = (bytes: Uint8Array, dtype: Dtype, offset: number, count: number): Float32Array => {
  const size = DTYPE_BYTES[dtype]
  const out = new Float32Array(count)
  if (dtype === 'F32' && LITTLE_ENDIAN_HOST) {
    new Uint8Array(out.buffer).set(bytes.subarray(offset * size, (offset + count) * size))
    return out
  }
  const view = viewOf(bytes)
  const read = READERS[dtype]
  for (let i = 0; i < count; i++) out[i] = read(view, (offset + i) * size)
  return out
}

/** The bytes of float32 numbers, little-endian: on a little-endian machine a view, otherwise a copy. */
export const littleEndian = (data: Float32Array): Uint8Array => {
  if (LITTLE_ENDIAN_HOST) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const out = new Uint8Array(data.byteLength)
  const view = new DataView(out.buffer)
  for (let i = 0; i < data.length; i++) view.setFloat32(4 * i, data[i] ?? 0, true)
  return out
}

/**
 * Copies a strided view into row-major order. `shape` and `strides` have the same length; strides count elements. The
 * caller has checked that every index is within `bytes`.
 */
export const gatherFloat32 = (
  bytes: Uint8Array,
  dtype: Dtype,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Float32Array => {
  const size = DTYPE_BYTES[dtype]
  const view = viewOf(bytes)
  const read = READERS[dtype]
  const count = shape.reduce((product, extent) => product * extent, 1)
  return copyStrided(new Float32Array(count), shape, strides, (position) => read(view, (offset + position) * size))
}

const LITTLE_ENDIAN_HOST = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
