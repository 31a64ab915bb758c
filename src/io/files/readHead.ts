import { open } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import { valueOf } from '../../dsl/errors.js'
import { checkReadable } from './readWhole.js'
import { type Place, refuse } from './refusal.js'
import { messageOf } from './thrown.js'

/** The beginning of a file. */
export interface Head {
  readonly bytes: Uint8Array
  /** Bytes of the whole file. */
  readonly size: number
  /** Whether the file is packed with gzip; `bytes` are unpacked then. */
  readonly isPacked: boolean
}

/** 1 KiB of gzip data unpack to 1 MiB at most. */
const READ = 1024

/**
 * The first bytes of a file, unpacked if it is packed with gzip.
 *
 * @param most how many bytes are wanted, at most 1024; fewer come if the file is shorter
 * @throws PwoaFailure with a FileError if the file is missing, a folder, unreadable or empty; Refusal for damaged gzip data
 */
export const readHead = async (place: Place, most: number): Promise<Head> => {
  valueOf(await checkReadable(place)())
  const handle = await open(place.file)
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(READ), position: 0 })
    const { size } = await handle.stat()
    const head = buffer.subarray(0, bytesRead)
    const isPacked = head[0] === 0x1f && head[1] === 0x8b
    return { bytes: (isPacked ? beginning(head) : head).subarray(0, most), size, isPacked }
  } finally {
    await handle.close()
  }
}

/** What the beginning of gzip data unpacks to. */
const beginning = (packed: Uint8Array): Uint8Array => {
  try {
    return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH })
  } catch (thrown) {
    return refuse('a whole gzip file', `a file that is cut off or corrupt (${messageOf(thrown)})`)
  }
}
