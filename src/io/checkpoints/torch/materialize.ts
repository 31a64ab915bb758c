import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import type { StateDict, StateTensor } from '../tensors/checkpoint.js'
import { gatherFloat32, toFloat32 } from '../tensors/dtype.js'
import type { PickleTensor } from './pickleValue.js'

// Tied weights and expanded views share storages, so tensors may have more elements than the file. A malicious file must
// not fill memory with views of the same bytes.
const SHARING = 4
const SLACK = 1_048_576

const elementsOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1)

const isContiguous = (shape: readonly number[], strides: readonly number[]): boolean => {
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis] ?? 0
    if (extent !== 1 && strides[axis] !== step) return false
    step *= extent
  }
  return true
}

const read = (
  name: string,
  { storage, dtype, offset, shape, strides }: PickleTensor,
  bytes: Uint8Array,
): StateTensor => {
  const count = elementsOf(shape)
  if (count === 0) return { shape, data: new Float32Array(0) }
  const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * (strides[axis] ?? 0), offset)
  if (last >= storage.count) {
    return refuse(
      `tensor ${quoted(name)} within its storage of ${storage.count} elements`,
      `a last element at ${last} (shape [${shape.join(', ')}])`,
    )
  }
  const declared = storage.total * storage.elementBytes
  if (bytes.length !== declared) {
    return refuse(`${declared} bytes for tensor ${quoted(name)}`, `${bytes.length} bytes in the file`)
  }
  const start = storage.start + offset
  const data = isContiguous(shape, strides)
    ? toFloat32(bytes, dtype, start, count)
    : gatherFloat32(bytes, dtype, start, shape, strides)
  return { shape, data }
}

/**
 * Reads declared tensors from their storages, as contiguous float32. Sizes are compared with the bytes that the file
 * really has before anything is allocated.
 *
 * @param storageOf the bytes of a storage by its key
 * @param available bytes of all storages together
 * @param budget counts the numbers of each tensor
 * @throws Refusal for a tensor that is larger than its storage, or whose storage is missing or of another size
 */
export const materialize = (
  tensors: ReadonlyMap<string, PickleTensor>,
  storageOf: (key: string) => Uint8Array | undefined,
  available: number,
  budget: ReadBudget,
): StateDict => {
  const most = SHARING * available + SLACK
  let total = 0
  for (const [name, { shape }] of tensors) {
    const count = elementsOf(shape)
    total += count
    if (!(total <= most)) {
      return refuse(
        `tensors that fit their ${available} bytes`,
        `a shape of [${shape.join(', ')}] for tensor ${quoted(name)}`,
      )
    }
    const what = `tensor ${quoted(name)} of shape [${shape.join(', ')}]`
    budget.allocate(4 * count, what)
    budget.work(count, what)
  }
  const out = new Map<string, StateTensor>()
  for (const [name, tensor] of tensors) {
    const bytes = storageOf(tensor.storage.key)
    if (bytes === undefined) {
      return refuse(`a storage for tensor ${quoted(name)}`, `no storage with the key ${quoted(tensor.storage.key)}`)
    }
    out.set(name, read(name, tensor, bytes))
  }
  return out
}
