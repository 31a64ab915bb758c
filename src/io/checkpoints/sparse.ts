import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { PwoaError } from '../../dsl/errors.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { repeatedKey } from '../../dsl/kit/repeatedKey.js'
import { decoded } from '../files/decoded.js'
import { allocateJson } from '../files/jsonCost.js'
import type { ReadBudget } from '../files/readBudget.js'
import { clipped, type Place, quoted, refuse, refusing } from '../files/refusal.js'
import { messageOf } from '../files/thrown.js'
import type { Checkpoint, StateTensor } from './tensors/checkpoint.js'

/**
 * A sparse tensor as bytes, compressed by DEFLATE (RFC 1951). First a bit for each number, 1 if the number is stored (the
 * lowest bit of a byte first). Then the stored numbers as float32 in four planes: the lowest byte of each number, and so
 * on up to the highest byte of each, because the highest bytes resemble each other and compress well. Numbers are read
 * back bit for bit.
 *
 * @param values row-major; numbers whose bits are all 0 are left out
 * @param kept 1 for each number that is stored even if it is 0. @default none
 */
export const encodeSparse = (values: Float32Array, kept?: Float32Array): Uint8Array => {
  const raw = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const stored = Array.from(raw.keys()).filter((i) => raw[i] !== 0 || kept?.[i] === 1)
  const bitmap = Math.ceil(values.length / 8)
  const bytes = new Uint8Array(bitmap + 4 * stored.length)
  for (const [n, i] of stored.entries()) {
    bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7))
    for (let plane = 0; plane < 4; plane++)
      bytes[bitmap + plane * stored.length + n] = ((raw[i] ?? 0) >>> (8 * plane)) & 0xff
  }
  return deflateRawSync(bytes, { level: 9 })
}

/** The description of sparse tensors in the metadata of a file. */
const Described = t.type({
  /** The shape of each, by name. */
  shapes: t.record(t.string, t.array(t.number)),
  /** The meaning of a 1 among the bits: the number is kept by the network's mask, or it is not 0. */
  bits: t.keyof({ kept: null, nonZero: null }),
})

/** The description of sparse tensors: text for the metadata of a file, under `sparse`. */
export const describeSparse = (shapes: ReadonlyMap<string, readonly number[]>, bits: 'kept' | 'nonZero'): string =>
  JSON.stringify({ shapes: Object.fromEntries(shapes), bits })

/**
 * Expands the sparse tensors of a checkpoint, and adds their bits to the metadata as `masks` if they are masks. A
 * checkpoint without sparse tensors is returned unchanged.
 *
 * @param budget counts each tensor by its declared shape before anything is made of it
 * @returns the checkpoint, or a FileError for sparse tensors that are missing, damaged, of another size or over the budget
 */
export const expandSparse = (
  place: Place,
  { tensors, metadata }: Checkpoint,
  budget: ReadBudget,
): Either<PwoaError, Checkpoint> =>
  refusing(place, () => {
    const { sparse, ...others } = metadata
    if (sparse === undefined) return { tensors, metadata }
    const { shapes, bits } = decoded(Described, parseOnce(sparse, budget), 'shapes and bits of sparse tensors', () =>
      quoted(sparse),
    )
    const whole = new Map(tensors)
    const masks: Record<string, string> = {}
    for (const [name, shape] of Object.entries(shapes)) {
      const packed = tensors.get(name) ?? refuse(`a sparse tensor ${quoted(name)}`, 'none')
      const { data, bitmap } = expanded(name, shape, Uint8Array.from(packed.data), budget)
      whole.set(name, { shape, data } satisfies StateTensor)
      if (bits !== 'kept') continue
      // The text, and its copy in the JSON of all masks.
      budget.allocate(2 * bitmap.length, `the mask of sparse tensor ${quoted(name)}`)
      masks[name] = Buffer.from(bitmap).toString('base64')
    }
    return { tensors: whole, metadata: bits === 'kept' ? { ...others, masks: JSON.stringify(masks) } : others }
  })

/** A JSON text in which no object has a name twice. */
const parseOnce = (text: string, budget: ReadBudget): unknown => {
  const what = 'its description of sparse tensors'
  allocateJson(budget, Buffer.from(text), what)
  const value = parseJson(text)
  const repeated = value === undefined ? undefined : repeatedKey(text)
  return repeated === undefined ? value : refuse('each name once among sparse tensors', `${quoted(repeated)} twice`)
}

const MOST_AXES = 64

const expanded = (name: string, shape: readonly number[], packed: Uint8Array, budget: ReadBudget) => {
  const what = `sparse tensor ${quoted(name)} of shape [${shape.join(', ')}]`
  const count = shape.reduce((product, extent) => product * extent, 1)
  const fits = shape.length <= MOST_AXES && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)
  if (!fits || !Number.isSafeInteger(count)) return refuse(`a shape of sparse tensor ${quoted(name)}`, clipped(what))
  const length = Math.ceil(count / 8)
  budget.allocate(4 * count + length, what)
  budget.work(count, what)
  const bytes = inflated(name, packed, Math.min(length + 4 * count, budget.bytesLeft))
  budget.allocate(bytes.length, what)
  const bitmap = bytes.subarray(0, length)
  const stored = onesIn(bitmap, count)
  const wanted = length + 4 * stored
  if (bytes.length !== wanted) refuse(`${wanted} bytes in sparse tensor ${quoted(name)}`, `${bytes.length}`)
  const raw = new Uint32Array(count)
  let n = 0
  for (let i = 0; i < count; i++) {
    if ((((bitmap[i >> 3] ?? 0) >> (i & 7)) & 1) === 0) continue
    let number = 0
    for (let plane = 0; plane < 4; plane++) number |= (bytes[length + plane * stored + n] ?? 0) << (8 * plane)
    raw[i] = number >>> 0
    n += 1
  }
  return { data: new Float32Array(raw.buffer), bitmap }
}

/** The number of ones among the first `count` bits. */
const onesIn = (bitmap: Uint8Array, count: number): number => {
  let ones = 0
  for (let i = 0; i < count; i++) ones += ((bitmap[i >> 3] ?? 0) >> (i & 7)) & 1
  return ones
}

const inflated = (name: string, packed: Uint8Array, most: number): Uint8Array => {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, Math.floor(most)) })
  } catch (thrown) {
    return refuse(`sparse tensor ${quoted(name)} of at most ${most} bytes, deflated`, messageOf(thrown))
  }
}
