import protobuf from 'protobufjs'
import type { ReadBudget } from '../../../files/readBudget.js'
import { quoted, refuse } from '../../../files/refusal.js'
import { DTYPE_BYTES, type Dtype, elementReader, toFloat32 } from '../../tensors/dtype.js'
import { ExternalData } from './externalData.js'
import { dataTypes, EXTERNAL, type OnnxTensor } from './messages.js'
import { countOf, rowMajor, shapeText, type Tensor } from './tensor.js'

/** The fields that hold numbers outside of `raw_data`. */
type Field = 'floatData' | 'int32Data' | 'int64Data' | 'doubleData'

const types: ReadonlyMap<number, readonly [dtype: Dtype, field: Field]> = new Map([
  [dataTypes.float, ['F32', 'floatData']],
  [dataTypes.uint8, ['U8', 'int32Data']],
  [dataTypes.int8, ['I8', 'int32Data']],
  [dataTypes.int16, ['I16', 'int32Data']],
  [dataTypes.int32, ['I32', 'int32Data']],
  [dataTypes.int64, ['I64', 'int64Data']],
  [dataTypes.bool, ['BOOL', 'int32Data']],
  [dataTypes.float16, ['F16', 'int32Data']],
  [dataTypes.double, ['F64', 'doubleData']],
  [dataTypes.bfloat16, ['BF16', 'int32Data']],
])

/** The type of the numbers of a tensor, by its number in the format; undefined for one that is not supported. */
export const dtypeOf = (dataType: number): Dtype | undefined => types.get(dataType)?.[0]

/**
 * Reads each tensor of a model, wherever it is (an initializer, an attribute) and however its numbers are stored: as
 * bytes, in fields by type, or in another file.
 */
export class TensorReader {
  readonly #budget: ReadBudget
  readonly #external: ExternalData

  /** @param file path of the model */
  constructor(file: string, budget: ReadBudget) {
    this.#budget = budget
    this.#external = new ExternalData(file, budget)
  }

  /**
   * @returns the tensor; its bytes are views of the file's
   * @throws Refusal if its type is not supported, if it does not hold exactly as many numbers as its shape requires, or if
   * its numbers are stored in more than one way
   */
  read(tensor: OnnxTensor): Tensor {
    const { name, dims, dataType } = tensor
    const what = `tensor ${quoted(name)}`
    const [dtype, field] = types.get(dataType) ?? refuse(`${what} of a type among ${TYPES}`, typeText(dataType))
    if (dims.length > MOST_AXES) refuse(`${what} of at most ${MOST_AXES} axes`, `${dims.length}`)
    const count = countOf(dims)
    if (!dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0) || !Number.isSafeInteger(count))
      refuse(`a shape of ${what}`, shapeText(dims))
    const stored = this.#stored(tensor, field, what)
    const isVarints = stored.field === 'int32Data' || stored.field === 'int64Data'
    const held = isVarints ? varintsIn(stored.bytes) : stored.bytes.length / DTYPE_BYTES[dtype]
    if (held !== count)
      refuse(
        `${count} numbers for ${what} of shape ${shapeText(dims)}`,
        Number.isInteger(held) ? `${held}` : `${stored.bytes.length} bytes, which are no whole number of them`,
      )
    const shape = { name, dims, dtype, strides: rowMajor(dims) }
    if (isVarints) return { ...shape, at: this.#decoded(stored.bytes, dtype, count, what) }
    const at = elementReader(stored.bytes, dtype)
    return dtype === 'F32' ? { ...shape, at, raw: stored.bytes } : { ...shape, at }
  }

  /** The bytes of a tensor, and the field that they are from. */
  #stored(
    tensor: OnnxTensor,
    field: Field,
    what: string,
  ): { readonly bytes: Uint8Array; readonly field: Field | 'bytes' } {
    if (tensor.segment !== null) refuse(`${what} in one piece`, 'a segment of it')
    const filled = FIELDS.filter((each) => tensor[each].length > 0)
    const isExternal = tensor.dataLocation === EXTERNAL
    if (tensor.dataLocation !== 0 && !isExternal) refuse(`${what} in the model or in another file`, 'elsewhere')
    const places = [
      ...filled,
      ...(tensor.rawData.length > 0 ? ['rawData'] : []),
      ...(isExternal ? ['externalData'] : []),
    ]
    if (places.length > 1) refuse(`the numbers of ${what} in one place`, places.join(', '))
    const [other] = filled
    if (other !== undefined && other !== field) refuse(`the numbers of ${what} in ${field} or rawData`, other)
    if (isExternal) return { bytes: this.#external.bytesOf(tensor, what), field: 'bytes' }
    if (other === undefined) return { bytes: tensor.rawData, field: 'bytes' }
    const [first = new Uint8Array(0), ...more] = tensor[field]
    if (more.length === 0) return { bytes: first, field }
    this.#budget.allocate(
      tensor[field].reduce((sum, { length }) => sum + length, 0),
      what,
    )
    return { bytes: Buffer.concat(tensor[field]), field }
  }

  /** Numbers of varying length, decoded. Those of few are exact: they are shapes. */
  #decoded(bytes: Uint8Array, dtype: Dtype, count: number, what: string): (position: number) => number {
    const size = count <= FEW ? 8 : 4
    this.#budget.allocate(size * count, what)
    this.#budget.work(count, what)
    const out = size === 8 ? new Float64Array(count) : new Float32Array(count)
    const reader = protobuf.Reader.create(bytes)
    const bits = dtype === 'F16' || dtype === 'BF16' ? Buffer.alloc(2) : undefined
    for (let i = 0; i < count; i++) {
      // Half floats are stored as the whole numbers that their bits are.
      if (bits) bits.writeUInt16LE(reader.int32() & 0xffff)
      out[i] = bits ? (toFloat32(bits, dtype, 0, 1)[0] ?? 0) : dtype === 'I64' ? Number(reader.int64()) : reader.int32()
    }
    return (position) => out[position] ?? Number.NaN
  }
}

const FEW = 1024

const MOST_AXES = 8

const FIELDS = [
  'floatData',
  'int32Data',
  'int64Data',
  'doubleData',
  'stringData',
  'uint64Data',
] as const satisfies readonly (keyof OnnxTensor)[]

const TYPES = Object.keys(dataTypes).join(', ')

/** The types of the format that have no number here. */
const OTHERS: ReadonlyMap<number, string> = new Map([
  [4, 'uint16'],
  [8, 'string'],
  [12, 'uint32'],
  [13, 'uint64'],
  [14, 'complex64'],
  [15, 'complex128'],
  [17, 'float8e4m3fn'],
  [18, 'float8e4m3fnuz'],
  [19, 'float8e5m2'],
  [20, 'float8e5m2fnuz'],
  [21, 'uint4'],
  [22, 'int4'],
  [23, 'float4e2m1'],
])

/** A number of `onnx.TensorProto.DataType` in words. */
export const typeText = (dataType: number): string => {
  const own = Object.entries(dataTypes).find(([, number]) => number === dataType)
  const name = own?.[0] ?? OTHERS.get(dataType)
  return name === undefined ? `type ${dataType}` : name
}

/** How many numbers of varying length there are, the last one perhaps cut off: each ends with a byte below 128. */
const varintsIn = (bytes: Uint8Array): number => {
  let count = (bytes.at(-1) ?? 0) < 0x80 ? 0 : 1
  for (const byte of bytes) if (byte < 0x80) count++
  return count
}
