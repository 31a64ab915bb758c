import { createHash, webcrypto } from 'node:crypto'

/**
 * A checkpoint carries the SHA-256 of its own bytes in its metadata. It is computed with 64 zeros in the place of the
 * hash, which then replaces them. The file stays an ordinary safetensors file.
 */

const digits = 64
const marker = '"sha256":"'

/** The first entry of the metadata, until the file is sealed. */
export const unsealed = { sha256: '0'.repeat(digits) } as const

/** Position of the hash's first digit; -1 if there is no hash. It is the first field of the header. */
const placeOf = (bytes: Uint8Array): number => {
  const found = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).indexOf(marker)
  return found < 0 || found + marker.length + digits > bytes.length ? -1 : found + marker.length
}

/** Writes the hash into its place. It is computed off the event loop: a large checkpoint does not hold up training. */
export const seal = async (bytes: Uint8Array<ArrayBuffer>): Promise<void> => {
  const hash = Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex')
  bytes.set(Buffer.from(hash, 'latin1'), placeOf(bytes))
}

/** Whether the bytes are exactly those that were sealed. */
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
