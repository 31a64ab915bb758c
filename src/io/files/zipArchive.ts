// Zip files, as PyTorch and NumPy write them: every size is compared before it is believed.
import { crc32, inflateRawSync } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import type { ReadBudget } from './readBudget.js'
import { quoted, Refusal, refuse } from './refusal.js'
import { codeOf, messageOf } from './thrown.js'

const MOST_ENTRIES = 200_000
const MOST_BYTES = 2 ** 32
// Weights compress little, pruned ones perhaps tenfold; a zip bomb unpacks to a thousand times its size.
const MOST_GROWTH = 64
const GROWTH_SLACK = 2 ** 20
/** Bytes of memory of an entry's description, about. */
const ENTRY_BYTES = 1024

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

interface Opened {
  readonly zip: ZipFile
  readonly bytes: Uint8Array
  readonly budget: ReadBudget
  readonly hint: string | undefined
}

const unpack = async ({ zip, bytes, budget, hint }: Opened, entry: Entry): Promise<Uint8Array> => {
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
        hint,
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

/** An open zip file. */
export interface ZipArchive {
  readonly entries: ReadonlyMap<string, Entry>
  /** The bytes of an entry, unpacked and compared with its checksum. */
  readonly take: (entry: Entry) => Promise<Uint8Array>
}

/**
 * Opens a zip file in memory.
 *
 * @param budget what it may cost
 * @param hint what to do about a wrong checksum, if that is known
 * @throws Refusal for a file that is damaged, encrypted, over the budget, or grows too much when it is unpacked
 */
export const openZipArchive = async (bytes: Uint8Array, budget: ReadBudget, hint?: string): Promise<ZipArchive> => {
  const zip = await openZip(bytes)
  const entries = await whole(() => entriesOf(zip, bytes.length, budget))
  return { entries, take: (entry) => whole(() => unpack({ zip, bytes, budget, hint }, entry)) }
}

/** What yauzl throws is about the file. */
const whole = async <A>(read: () => Promise<A>): Promise<A> => {
  try {
    return await read()
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown
    return refuse('a whole zip file', `a file that is cut off or corrupt (${messageOf(thrown)})`)
  }
}
