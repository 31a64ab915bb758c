import { createHash } from 'node:crypto'

/** MD5 of bytes that lie in several places, in hexadecimal: it tells published files, and guards against nobody. */
export const md5Of = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** SHA-256 in hexadecimal digits. */
export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
