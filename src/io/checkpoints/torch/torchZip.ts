import type { Entry } from 'yauzl'
import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import { openZipArchive, type ZipArchive } from '../../files/zipArchive.js'
import type { Checkpoint } from '../tensors/checkpoint.js'
import { checkpointOf } from './checkpointOf.js'
import { weightsEntry } from './exportedProgram.js'
import { type FoundTensors, findTensors, type Selection } from './findTensors.js'
import { separateWeights } from './separateWeights.js'
import { torchHost } from './torchObjects.js'
import { scriptHost, stateDictOf } from './torchScript.js'
import { unpickle } from './unpickler.js'

const MOST_PICKLE_BYTES = 256 * 2 ** 20

const RESAVE =
  'If it was saved after torch.serialization.set_crc32_options(False), its checksums are off: save it again with them.'

const PICKLE = '/data.pkl'

const rootOf = (entries: ReadonlyMap<string, Entry>): string => {
  const pickles = [...entries.keys()].filter((name) => name.endsWith(PICKLE) && name.indexOf('/') === name.length - 9)
  const [pickle] = pickles
  if (pickle === undefined || pickles.length > 1) {
    return refuse('a PyTorch checkpoint', `a zip file with ${pickles.length} entries "<name>${PICKLE}"`)
  }
  return pickle.slice(0, -PICKLE.length)
}

/**
 * Reads the format of PyTorch 1.6 and later: a zip file of `<name>/data.pkl`, `<name>/byteorder` and one entry
 * `<name>/data/<key>` for each storage. Only entries that the state dict needs are unpacked.
 *
 * Of a TorchScript archive the tensors of its modules are read, of a `torch.export` archive its state dict; never the
 * program.
 *
 * @param selection which network to take if the file holds several
 * @param budget what it may cost
 * @throws Refusal for a file that is damaged, malicious, big-endian, over the budget, or has no state dict
 */
export const readTorchZip = async (
  bytes: Uint8Array,
  selection: Selection,
  budget: ReadBudget,
): Promise<Checkpoint> => {
  const archive = await openZipArchive(bytes, budget, RESAVE)
  const weights = weightsEntry([...archive.entries.keys()])
  const entry = archive.entries.get(weights?.name ?? '')
  if (!weights || !entry) return readArchive(archive, selection, budget)
  return weights.kind === 'list'
    ? readSeparate(archive, entry, selection, budget)
    : readArchive(await openZipArchive(await archive.take(entry), budget, RESAVE), selection, budget)
}

const readArchive = async (
  { entries, take }: ZipArchive,
  selection: Selection,
  budget: ReadBudget,
): Promise<Checkpoint> => {
  const root = rootOf(entries)
  await checkOrder({ entries, take }, `${root}/`)
  const pickle = entries.get(`${root}${PICKLE}`)
  if (pickle === undefined || pickle.uncompressedSize > MOST_PICKLE_BYTES) {
    return refuse(`a data.pkl of at most ${MOST_PICKLE_BYTES} bytes`, `${pickle?.uncompressedSize ?? 0} bytes`)
  }
  const isScript = entries.has(`${root}/constants.pkl`)
  const { value } = unpickle(await take(pickle), 0, isScript ? scriptHost(budget) : torchHost, budget)
  const found = findTensors(isScript ? stateDictOf(value, budget) : value, selection)

  return readTensors({ entries, take }, found, (key) => `${root}/data/${key}`, budget)
}

/** A `torch.export` archive with a file for each weight. */
const readSeparate = async (
  archive: ZipArchive,
  list: Entry,
  selection: Selection,
  budget: ReadBudget,
): Promise<Checkpoint> => {
  const folder = list.fileName.slice(0, list.fileName.lastIndexOf('/') + 1)
  await checkOrder(archive, folder.slice(0, -'data/weights/'.length))
  if (list.uncompressedSize > MOST_PICKLE_BYTES)
    return refuse(`a list of weights of at most ${MOST_PICKLE_BYTES} bytes`, `${list.uncompressedSize} bytes`)
  const sizeOf = (file: string): number | undefined => archive.entries.get(folder + file)?.uncompressedSize
  const found = separateWeights(await archive.take(list), sizeOf, selection, budget)
  return readTensors(archive, found, (key) => folder + key, budget)
}

const checkOrder = async ({ entries, take }: ZipArchive, folder: string): Promise<void> => {
  const order = entries.get(`${folder}byteorder`)
  if (order === undefined || order.uncompressedSize > 16) return
  const text = Buffer.from(await take(order)).toString('latin1')
  if (text.trim() !== 'little') refuse('a little-endian checkpoint', `byte order ${quoted(text)}`)
}

/** @param entryOf the name of the entry with a storage's bytes, by its key */
const readTensors = async (
  { entries, take }: ZipArchive,
  found: FoundTensors,
  entryOf: (key: string) => string,
  budget: ReadBudget,
): Promise<Checkpoint> => {
  const storages = new Map<string, Uint8Array>()
  let available = 0
  for (const { storage } of found.tensors.values()) {
    const entry = entries.get(entryOf(storage.key))
    if (entry === undefined || storages.has(storage.key)) continue
    const unpacked = await take(entry)
    storages.set(storage.key, unpacked)
    available += unpacked.length
  }
  return checkpointOf(found, (key) => storages.get(key), available, budget)
}
