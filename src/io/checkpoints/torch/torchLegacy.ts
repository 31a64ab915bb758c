import * as t from 'io-ts'
import { decoded } from '../../files/decoded.js'
import type { ReadBudget } from '../../files/readBudget.js'
import { refuse } from '../../files/refusal.js'
import type { Checkpoint } from '../tensors/checkpoint.js'
import { DTYPE_BYTES, type Dtype } from '../tensors/dtype.js'
import { ByteReader } from './byteReader.js'
import { findTensors } from './findTensors.js'
import { materialize } from './materialize.js'
import { describePickle, isKind, type PickleStorage, type PickleValue } from './pickleValue.js'
import { plainHost, torchHost } from './torchObjects.js'
import { unpickle } from './unpickler.js'

const MAGIC = 0x1950a86a20f9469cfc6cn
const PROTOCOL = 1001

const SystemInfo = t.type({ protocol_version: t.literal(PROTOCOL), little_endian: t.boolean })

const littleEndianOf = (value: PickleValue): boolean => {
  const entries = isKind('dict')(value) ? [...value.entries] : []
  const record = Object.fromEntries(
    entries.filter((pair): pair is [string, PickleValue] => typeof pair[0] === 'string'),
  )
  const expected = `PyTorch's system facts of protocol ${PROTOCOL}`
  return decoded(SystemInfo, record, expected, () => describePickle(value)).little_endian
}

const keysOf = (value: PickleValue): readonly string[] => {
  const items = isKind('list')(value) ? value.items : refuse('a list of storage keys', describePickle(value))
  return items.map((item) => (typeof item === 'string' ? item : refuse('a storage key', describePickle(item))))
}

/**
 * Reads the format before PyTorch 1.6: five pickles (magic number, protocol, system facts, the object, storage keys),
 * then for each key the number of elements (8 bytes) and the elements.
 *
 * @param select which state dict to take if the file holds a list of them, counted from 0
 * @param budget what it may cost
 * @throws Refusal for a file that is damaged, malicious, big-endian, over the budget, or has no state dict
 */
export const readTorchLegacy = (bytes: Uint8Array, select: number, budget: ReadBudget): Checkpoint => {
  const magic = unpickle(bytes, 0, torchHost, budget)
  if (magic.value !== MAGIC) {
    return refuse(
      'a PyTorch checkpoint',
      `a pickle that starts with ${describePickle(magic.value)}, not its magic number`,
    )
  }
  const protocol = unpickle(bytes, magic.end, plainHost, budget)
  if (protocol.value !== PROTOCOL) return refuse(`PyTorch's protocol ${PROTOCOL}`, describePickle(protocol.value))
  const system = unpickle(bytes, protocol.end, plainHost, budget)
  if (!littleEndianOf(system.value)) return refuse('a little-endian checkpoint', 'a big-endian checkpoint')

  const dtypes = new Map<string, Dtype>()
  const persistent = (id: PickleValue): PickleValue => {
    const storage: PickleStorage = torchHost.persistent(id)
    const known = dtypes.get(storage.key)
    if (known !== undefined && known !== storage.dtype)
      return refuse('one type for each storage', 'a storage of two types')
    dtypes.set(storage.key, storage.dtype)
    return storage
  }
  const object = unpickle(bytes, system.end, { ...torchHost, persistent }, budget)
  const { tensors, path } = findTensors(object.value, select)
  const keys = unpickle(bytes, object.end, plainHost, budget)

  const reader = new ByteReader(bytes, keys.end)
  const available = reader.left
  const storages = new Map<string, Uint8Array>()
  for (const key of keysOf(keys.value)) {
    const dtype = dtypes.get(key)
    if (dtype === undefined || storages.has(key)) return refuse('each storage key once', 'another list of keys')
    storages.set(key, reader.take(reader.length64() * DTYPE_BYTES[dtype]))
  }
  if (reader.left > 0) {
    return refuse(
      `a file of ${reader.position} bytes`,
      `${bytes.length} bytes`,
      'The file is longer than its contents.',
    )
  }
  return {
    tensors: materialize(tensors, (key) => storages.get(key), available, budget),
    metadata: path === '' ? {} : { stateDict: path },
  }
}
