import { refuse } from './refusal.js'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The text of bytes in UTF-8.
 *
 * @param what it is, for the error
 * @throws Refusal for other bytes
 */
export const utf8Text = (bytes: Uint8Array, what: string): string => {
  try {
    return strict.decode(bytes)
  } catch {
    return refuse(`${what} in UTF-8`, 'other bytes')
  }
}
