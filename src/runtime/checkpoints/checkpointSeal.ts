import { createHash, webcrypto } from 'node:crypto'

/**
 * A checkpoint carries the SHA-256 of its own bytes in its metadata: taken while the 64 digits of the hash are zeros,
 * which then give way to it. The file stays an ordinary safetensors file.
 */

const digits = 64
const marker = '"sha256":"'

/** What stands in the metadata, first of all, until the file is sealed. */
export const unsealed = { sha256: '0'.repeat(digits) } as const

/** Where the digits begin; -1 where there are none. The header's beginning is enough: the hash comes first in it. */
const placeOf = (bytes: Uint8Array): number => {
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).indexOf(marker)
  return found < 0 || found + marker.length + digits > bytes.length ? -1 : found + marker.length
}

/** Puts the hash in its place. Computed beside the event loop: a large checkpoint does not hold up training. */
export const seal = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
  const hash = Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex')
  bytes.set(Buffer.from(hash, 'latin1'), placeOf(bytes))
}

/** Whether the bytes are those that were sealed, to the last bit. */
export const isSealed = (bytes: Uint8Array): boolean => {
  const place = placeOf(bytes)
  if (place < 0) return false
  const hash = createHash('sha256')
  hash
    .update(bytes.subarray(0, place))
    .update(unsealed.sha256)
    .update(bytes.subarray(place + digits))
  return hash.digest('hex') === Buffer.from(bytes.subarray(place, place + digits)).toString('latin1')
}
