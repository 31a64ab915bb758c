import type { Either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { PwoaError } from '../../dsl/errors.js'
import { wholeCodec } from '../../dsl/kit/codecOf.js'
import { repeatedKey } from '../../dsl/kit/repeatedKey.js'
import { decoded } from '../files/decoded.js'
import { allocateJson } from '../files/jsonCost.js'
import { ReadBudget } from '../files/readBudget.js'
import { clipped, quoted, refuse, refusing } from '../files/refusal.js'
import { messageOf } from '../files/thrown.js'
import { utf8Text } from '../files/utf8.js'
import type { Checkpoint, StateTensor } from './tensors/checkpoint.js'
import { DTYPE_BYTES, type Dtype, littleEndian, toFloat32 } from './tensors/dtype.js'

const MOST_HEADER_BYTES = 100_000_000
const MOST_AXES = 64
const METADATA = '__metadata__'

const Count = wholeCodec('a count')

const DtypeCodec = t.keyof(DTYPE_BYTES)

const Entry = t.type({ dtype: t.string, shape: t.readonlyArray(Count), data_offsets: t.tuple([Count, Count]) })
type Entry = t.TypeOf<typeof Entry>

const Metadata = t.record(t.string, t.string)

interface Placed {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** A part of the header, as its codec describes it; a part that is refused is shown as JSON. */
const partOf = <A>(codec: t.Decoder<unknown, A>, value: unknown, expected: string): A =>
  decoded(codec, value, expected, () => clipped(JSON.stringify(value)))

const placed = (name: string, { dtype, shape, data_offsets: [begin, end] }: Entry): Placed => {
  const what = `tensor ${quoted(name)}`
  const known = partOf(DtypeCodec, dtype, `${what} of a type among ${Object.keys(DTYPE_BYTES).join(', ')}`)
  if (shape.length > MOST_AXES) refuse(`${what} of at most ${MOST_AXES} axes`, `${shape.length}`)
  const bytes = shape.reduce((product, extent) => product * extent, DTYPE_BYTES[known])
  if (end - begin !== bytes) refuse(`${bytes} bytes for ${what} of shape [${shape.join(', ')}]`, `${end - begin}`)
  return { name, dtype: known, shape, begin, end }
}

const parseHeader = (
  bytes: Uint8Array,
  budget: ReadBudget,
): { readonly header: object; readonly dataStart: number } => {
  if (bytes.length < 8) return refuse('a safetensors file of at least 8 bytes', `${bytes.length} bytes`)
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  if (length > MOST_HEADER_BYTES) return refuse(`a header of at most ${MOST_HEADER_BYTES} bytes`, `${length} bytes`)
  const dataStart = 8 + Number(length)
  if (dataStart > bytes.length) {
    return refuse(`a whole file of at least ${dataStart} bytes`, `a file that is cut off at ${bytes.length} bytes`)
  }
  const raw = bytes.subarray(8, dataStart)
  allocateJson(budget, raw, 'its header')
  const text = utf8Text(raw, 'a JSON header')
  let header: unknown
  try {
    header = text.startsWith('{') ? JSON.parse(text) : undefined
  } catch (thrown) {
    return refuse('a JSON header', messageOf(thrown))
  }
  if (typeof header !== 'object' || header === null) return refuse('a JSON object as header', quoted(text.slice(0, 20)))
  const repeated = repeatedKey(text)
  if (repeated !== undefined) return refuse('each name once in the header', `${quoted(repeated)} twice`)
  return { header, dataStart }
}

/** The format requires that each byte of the data belongs to exactly one tensor. */
const checkCover = (entries: readonly Placed[], dataBytes: number): void => {
  let position = 0
  for (const { name, begin, end } of entries) {
    if (begin < position) refuse(`tensor ${quoted(name)} from byte ${position} on`, `an overlap from byte ${begin}`)
    if (begin > position) refuse(`tensor ${quoted(name)} at byte ${position}`, `a gap up to byte ${begin}`)
    position = end
  }
  if (position > dataBytes)
    refuse(`a whole file with ${position} bytes of data`, `a file that is cut off at ${dataBytes}`)
  if (position < dataBytes) refuse(`${position} bytes of data`, `${dataBytes} bytes`)
}

const read = (bytes: Uint8Array, budget: ReadBudget): Checkpoint => {
  const { header, dataStart } = parseHeader(bytes, budget)
  const entries: Placed[] = []
  let metadata: Readonly<Record<string, string>> = {}
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) metadata = partOf(Metadata, value, `text values in ${METADATA}`)
    else entries.push(placed(name, partOf(Entry, value, `dtype, shape and data_offsets of ${quoted(name)}`)))
  }
  // Ordered as the data: a JavaScript object puts names such as "0" before all others.
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  checkCover(entries, bytes.length - dataStart)
  const data = bytes.subarray(dataStart)
  const tensors = new Map<string, StateTensor>()
  for (const { name, dtype, shape, begin, end } of entries) {
    const size = DTYPE_BYTES[dtype]
    const count = (end - begin) / size
    budget.allocate(4 * count, `tensor ${quoted(name)}`)
    budget.work(count, `tensor ${quoted(name)}`)
    tensors.set(name, { shape, data: toFloat32(data.subarray(begin, end), dtype, 0, count) })
  }
  return { tensors, metadata }
}

/**
 * Reads a safetensors file: a length of 8 bytes, a JSON header, and the data. The types F64, F32, F16, BF16, I64, I32,
 * I16, I8, U8 and BOOL are converted to float32.
 *
 * @param bytes the whole file
 * @param file its name, for errors
 * @param stage the stage that an error names
 * @param budget what it may cost. @default the usual budget of a file of that size
 * @returns the checkpoint, or a FileError for a header that is too long, is not JSON, repeats a name or lacks a field, for
 * tensors that overlap, leave gaps or reach past the end of the file, for another type, and for a file over the budget
 */
export const readSafetensors = (
  bytes: Uint8Array,
  file: string,
  stage = 'loadTeacher',
  budget = new ReadBudget(bytes.length),
): Either<PwoaError, Checkpoint> => refusing({ stage, file }, () => read(bytes, budget))

/** A tensor to write: a Float32Array as F32, a Uint8Array as U8. */
export interface SavedTensor {
  /** Extent of each axis; empty for a scalar. */
  readonly shape: readonly number[]
  /** As many values as the product of `shape`. */
  readonly data: Float32Array | Uint8Array
}

const bytesOf = (data: Float32Array | Uint8Array): Uint8Array =>
  data instanceof Uint8Array ? data : littleEndian(data)

const checkTensor = (name: string, { shape, data }: SavedTensor): void => {
  const count = shape.reduce((product, extent) => product * extent, 1)
  if (name === METADATA) refuse(`a tensor name other than ${METADATA}`, quoted(name))
  if (!shape.every((extent) => Count.is(extent)) || count !== data.length) {
    refuse(`tensor ${quoted(name)} with ${count} values for shape [${shape.join(', ')}]`, `${data.length}`)
  }
}

const encode = (
  tensors: ReadonlyMap<string, SavedTensor>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> => {
  // Wide types first, as in the reference implementation: then every tensor is aligned for its type.
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT)
  const header: [string, unknown][] = Object.keys(metadata).length === 0 ? [] : [[METADATA, metadata]]
  let position = 0
  for (const [name, tensor] of ordered) {
    checkTensor(name, tensor)
    const end = position + tensor.data.byteLength
    const dtype = tensor.data instanceof Uint8Array ? 'U8' : 'F32'
    header.push([name, { dtype, shape: tensor.shape, data_offsets: [position, end] }])
    position = end
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)))
  const length = Math.ceil(json.length / 8) * 8
  const out = new Uint8Array(8 + length + position)
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true)
  out.set(json, 8)
  out.fill(0x20, 8 + json.length, 8 + length)
  let at = 8 + length
  for (const [, { data }] of ordered) {
    out.set(bytesOf(data), at)
    at += data.byteLength
  }
  return out
}

/**
 * The bytes of a safetensors file. The header is padded with spaces to a multiple of 8 bytes, which aligns the data.
 * Float32 tensors come before byte tensors, each group in the given order.
 *
 * @param metadata text stored as `__metadata__`
 * @param file the name of the file to be written, for errors
 * @param stage the stage that an error names
 * @returns the bytes, or a FileError for a tensor whose data does not fill its shape, or whose name is `__metadata__`
 */
export const encodeSafetensors = (
  tensors: ReadonlyMap<string, SavedTensor>,
  metadata: Readonly<Record<string, string>> = {},
  file = 'safetensors',
  stage = 'exportModel',
): Either<PwoaError, Uint8Array<ArrayBuffer>> => refusing({ stage, file }, () => encode(tensors, metadata))
