import { createHash } from 'node:crypto'

/**
 * MD5 of parts as if they were joined, in hexadecimal digits. Published files are recognised by it; it gives no
 * protection against forged ones.
 */
export const md5Of = (...parts: readonly Uint8Array[]): string => {
  const hash = createHash('md5')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** SHA-256 of bytes, or of text in UTF-8, in hexadecimal digits. */
export const sha256Of = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex')

/** SHA-256 of parts that arrive one after the other, as if they were joined, in hexadecimal digits. */
export const sha256OfParts = async (parts: AsyncIterable<Uint8Array | string>): Promise<string> => {
  const hash = createHash('sha256')
  for await (const part of parts) hash.update(part)
  return hash.digest('hex')
}
