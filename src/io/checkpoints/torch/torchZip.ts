import { crc32, inflateRawSync } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import type { ReadBudget } from '../../files/readBudget.js'
import { quoted, refuse } from '../../files/refusal.js'
import { codeOf, messageOf } from '../../files/thrown.js'
import type { Checkpoint } from '../tensors/checkpoint.js'
import { checkpointOf } from './checkpointOf.js'
import { weightsEntry } from './exportedProgram.js'
import { type FoundTensors, findTensors, type Selection } from './findTensors.js'
import { separateWeights } from './separateWeights.js'
import { torchHost } from './torchObjects.js'
import { scriptHost, stateDictOf } from './torchScript.js'
import { unpickle } from './unpickler.js'

const MOST_ENTRIES = 200_000
const MOST_PICKLE_BYTES = 256 * 2 ** 20
const MOST_BYTES = 2 ** 32
// Weights compress little, pruned ones perhaps tenfold; a zip bomb unpacks to a thousand times its size.
const MOST_GROWTH = 64
const GROWTH_SLACK = 2 ** 20
/** Bytes of memory of an entry's description, about. */
const ENTRY_BYTES = 1024

const RESAVE =
  'If it was saved after torch.serialization.set_crc32_options(False), its checksums are off: save it again with them.'

const openZip = async (bytes: Uint8Array): Promise<ZipFile> => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    // Sizes are compared here: yauzl does so before it can be asked whether an entry is encrypted.
    return await yauzl.fromBufferPromise(buffer, { lazyEntries: true, validateEntrySizes: false })
  } catch (thrown) {
    return refuse('a whole zip file', `a file that is cut off or corrupt (${messageOf(thrown)})`)
  }
}

const entriesOf = async (zip: ZipFile, fileBytes: number, budget: ReadBudget): Promise<ReadonlyMap<string, Entry>> => {
  if (zip.entryCount > MOST_ENTRIES) refuse(`at most ${MOST_ENTRIES} zip entries`, `${zip.entryCount}`)
  const entries = new Map<string, Entry>()
  const most = Math.min(MOST_BYTES, MOST_GROWTH * fileBytes + GROWTH_SLACK)
  let total = 0
  for await (const entry of zip.eachEntry()) {
    budget.allocate(ENTRY_BYTES, 'the entries of the zip file')
    if (entry.isEncrypted())
      refuse('a zip file without encryption', `entry ${quoted(entry.fileName)} encrypted`, 'Decrypt it first.')
    if (entries.has(entry.fileName)) refuse('each zip entry once', `${quoted(entry.fileName)} twice`)
    total += entry.uncompressedSize
    if (total > most) refuse(`zip entries of at most ${most} bytes unpacked`, `${total} bytes or more`)
    entries.set(entry.fileName, entry)
  }
  return entries
}

const unpack = async (zip: ZipFile, entry: Entry, bytes: Uint8Array, budget: ReadBudget): Promise<Uint8Array> => {
  const name = quoted(entry.fileName)
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
  const end = fileDataStart + entry.compressedSize
  if (end > bytes.length) return refuse(`zip entry ${name} within ${bytes.length} bytes`, `an end at byte ${end}`)
  const packed = bytes.subarray(fileDataStart, end)
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    return refuse('stored or deflated zip entries', `compression method ${entry.compressionMethod}`)
  }
  if (entry.compressionMethod === 8) budget.allocate(entry.uncompressedSize, `zip entry ${name}`)
  budget.work(entry.uncompressedSize / 8, `zip entry ${name}`)
  const unpacked = entry.compressionMethod === 0 ? packed : inflated(packed, entry)
  if (unpacked.length !== entry.uncompressedSize) {
    return refuse(`${entry.uncompressedSize} bytes in zip entry ${name}`, `${unpacked.length}`)
  }
  const checksum = crc32(unpacked)
  return checksum === entry.crc32
    ? unpacked
    : refuse(
        `checksum ${entry.crc32.toString(16)} of zip entry ${name}`,
        `${checksum.toString(16)}: the file is corrupt`,
        RESAVE,
      )
}

const inflated = (packed: Uint8Array, { fileName, uncompressedSize }: Entry): Uint8Array => {
  try {
    return inflateRawSync(packed, { maxOutputLength: uncompressedSize + 1 })
  } catch (thrown) {
    const actual = codeOf(thrown) === 'ERR_BUFFER_TOO_LARGE' ? 'more' : `damaged data (${messageOf(thrown)})`
    return refuse(`${uncompressedSize} bytes in zip entry ${quoted(fileName)}`, actual)
  }
}

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
  const archive = await openArchive(bytes, budget)
  const weights = weightsEntry([...archive.entries.keys()])
  const entry = archive.entries.get(weights?.name ?? '')
  if (!weights || !entry) return readArchive(archive, selection, budget)
  return weights.kind === 'list'
    ? readSeparate(archive, entry, selection, budget)
    : readArchive(await openArchive(await archive.take(entry), budget), selection, budget)
}

interface Archive {
  readonly entries: ReadonlyMap<string, Entry>
  /** The bytes of an entry, unpacked and compared with its checksum. */
  readonly take: (entry: Entry) => Promise<Uint8Array>
}

const openArchive = async (bytes: Uint8Array, budget: ReadBudget): Promise<Archive> => {
  const zip = await openZip(bytes)
  const entries = await entriesOf(zip, bytes.length, budget)
  return { entries, take: (entry) => unpack(zip, entry, bytes, budget) }
}

const readArchive = async (
  { entries, take }: Archive,
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
  archive: Archive,
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

const checkOrder = async ({ entries, take }: Archive, folder: string): Promise<void> => {
  const order = entries.get(`${folder}byteorder`)
  if (order === undefined || order.uncompressedSize > 16) return
  const text = Buffer.from(await take(order)).toString('latin1')
  if (text.trim() !== 'little') refuse('a little-endian checkpoint', `byte order ${quoted(text)}`)
}

/** @param entryOf the name of the entry with a storage's bytes, by its key */
const readTensors = async (
  { entries, take }: Archive,
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
