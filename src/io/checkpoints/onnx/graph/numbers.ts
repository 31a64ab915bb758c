import { quoted, refuse } from '../../../files/refusal.js'
import { DTYPE_BYTES, type Dtype, toFloat32 } from '../../tensors/dtype.js'
import { dataTypes, type OnnxTensor } from './messages.js'

const dtypes: ReadonlyMap<number, Dtype> = new Map([
  [dataTypes.float, 'F32'],
  [dataTypes.uint8, 'U8'],
  [dataTypes.int8, 'I8'],
  [dataTypes.int16, 'I16'],
  [dataTypes.int32, 'I32'],
  [dataTypes.int64, 'I64'],
  [dataTypes.bool, 'BOOL'],
  [dataTypes.float16, 'F16'],
  [dataTypes.double, 'F64'],
  [dataTypes.bfloat16, 'BF16'],
])

/** The number of entries of a tensor. */
export const countOf = (dims: readonly number[]): number => dims.reduce((product, extent) => product * extent, 1)

/**
 * The tensor itself, after a check.
 *
 * @throws Refusal if its type is not supported, or if it does not hold as many numbers as its shape requires
 */
export const checked = (tensor: OnnxTensor): OnnxTensor => {
  const dtype = dtypeOf(tensor)
  const { name, dims, rawData, floatData, doubleData } = tensor
  const packed = rawData.length > 0 ? [rawData] : dtype === 'F32' ? floatData : doubleData
  const bytes = packed.reduce((sum, { length }) => sum + length, 0)
  const inBytes = rawData.length > 0 || dtype === 'F32' || dtype === 'F64'
  const actual = inBytes ? bytes / DTYPE_BYTES[dtype] : wholeNumbers(tensor, dtype).length
  const count = countOf(dims)
  if (actual !== count) refuse(`${count} numbers for tensor ${quoted(name)} of shape [${dims.join(', ')}]`, `${actual}`)
  return tensor
}

/** The numbers of a checked tensor as float32, row-major; converted on each call. */
export const floatsOf = (tensor: OnnxTensor): Float32Array => {
  const dtype = dtypeOf(tensor)
  if (tensor.rawData.length === 0 && isWhole(dtype)) return Float32Array.from(wholeNumbers(tensor, dtype))
  const bytes = tensor.rawData.length > 0 ? tensor.rawData : packedBytes(tensor, dtype)
  return toFloat32(bytes, dtype, 0, countOf(tensor.dims))
}

const wholeNumbers = ({ int64Data, int32Data }: OnnxTensor, dtype: Dtype): readonly number[] =>
  dtype === 'I64' ? int64Data : int32Data

const isWhole = (dtype: Dtype): boolean => /^(I|U|BOOL)/.test(dtype)

/** The bytes of numbers outside of `raw_data`, where half floats are stored as integers of their bits. */
const packedBytes = ({ floatData, doubleData, int32Data }: OnnxTensor, dtype: Dtype): Uint8Array => {
  if (dtype === 'F32') return Buffer.concat(floatData)
  if (dtype === 'F64') return Buffer.concat(doubleData)
  const bits = Buffer.alloc(2 * int32Data.length)
  for (const [i, value] of int32Data.entries()) bits.writeUInt16LE(value & 0xffff, 2 * i)
  return bits
}

const dtypeOf = ({ name, dims, dataType }: OnnxTensor): Dtype => {
  if (!dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
    return refuse(`a shape of tensor ${quoted(name)}`, `[${dims.join(', ')}]`)
  return (
    dtypes.get(dataType) ??
    refuse(`tensor ${quoted(name)} of a type among ${Object.keys(dataTypes).join(', ')}`, `type ${dataType}`)
  )
}

/** A matrix's transpose, row-major. */
export const transpose = (numbers: Float32Array, rows: number, columns: number): Float32Array => {
  const out = new Float32Array(numbers.length)
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = numbers[row * columns + column] ?? 0
  return out
}
