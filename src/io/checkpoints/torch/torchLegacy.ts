import * as t from 'io-ts'
import { decoded } from '../../files/decoded.js'
import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import type { Checkpoint } from '../tensors/checkpoint.js'
import { ByteReader } from './byteReader.js'
import { checkpointOf } from './checkpointOf.js'
import { findTensors, type Selection } from './findTensors.js'
import type { PickleHost } from './pickleStack.js'
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

const EXPECTED = 'a PyTorch checkpoint'

/** A plain pickle of something else is refused by the first name in it. */
const magicHost: PickleHost = {
  ...plainHost,
  global: (name) => refuse(EXPECTED, `a pickle that refers to ${quoted(name)}`),
}

const keysOf = (value: PickleValue): readonly string[] => {
  const items = isKind('list')(value) ? value.items : refuse('a list of storage keys', describePickle(value))
  return items.map((item) => (typeof item === 'string' ? item : refuse('a storage key', describePickle(item))))
}

/** The class of a layer, which this format keeps with its source text: ("module", class, file, source). */
const classOfLayer = (id: PickleValue): PickleValue | undefined =>
  isKind('tuple')(id) && id.items[0] === 'module' ? (id.items[1] ?? null) : undefined

/**
 * Reads the format before PyTorch 1.6: five pickles (magic number, protocol, system facts, the object, storage keys),
 * then for each key the number of elements (8 bytes) and the elements.
 *
 * @param selection which network to take if the file holds several
 * @param budget what it may cost
 * @throws Refusal for a file that is damaged, malicious, big-endian, over the budget, or has no state dict
 */
export const readTorchLegacy = (bytes: Uint8Array, selection: Selection, budget: ReadBudget): Checkpoint => {
  const magic = unpickle(bytes, 0, magicHost, budget)
  if (magic.value !== MAGIC) {
    return refuse(EXPECTED, `a pickle that starts with ${describePickle(magic.value)}, not its magic number`)
  }
  const protocol = unpickle(bytes, magic.end, plainHost, budget)
  if (protocol.value !== PROTOCOL) return refuse(`PyTorch's protocol ${PROTOCOL}`, describePickle(protocol.value))
  const system = unpickle(bytes, protocol.end, plainHost, budget)
  if (!littleEndianOf(system.value)) return refuse('a little-endian checkpoint', 'a big-endian checkpoint')

  const types = new Map<string, PickleStorage>()
  const persistent = (id: PickleValue): PickleValue => {
    const layer = classOfLayer(id)
    if (layer !== undefined) return layer
    const storage: PickleStorage = torchHost.persistent(id)
    const known = types.get(storage.key)
    if (known !== undefined && known.type !== storage.type)
      return refuse('one type for each storage', 'a storage of two types')
    types.set(storage.key, storage)
    return storage
  }
  const object = unpickle(bytes, system.end, { ...torchHost, persistent }, budget)
  const found = findTensors(object.value, selection)
  const keys = unpickle(bytes, object.end, plainHost, budget)

  const reader = new ByteReader(bytes, keys.end)
  const available = reader.left
  const storages = new Map<string, Uint8Array>()
  for (const key of keysOf(keys.value)) {
    const storage = types.get(key)
    if (storage === undefined || storages.has(key)) return refuse('each storage key once', 'another list of keys')
    storages.set(key, reader.take(reader.length64() * storage.elementBytes))
  }
  if (reader.left > 0) {
    return refuse(
      `a file of ${reader.position} bytes`,
      `${bytes.length} bytes`,
      'The file is longer than its contents.',
    )
  }
  return checkpointOf(found, (key) => storages.get(key), available, budget)
}
