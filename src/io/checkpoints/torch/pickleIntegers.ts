import { quoted, refuse } from '../../files/refusal.js'

const integer = (value: bigint): number | bigint => {
  const narrow = Number(value)
  return Number.isSafeInteger(narrow) ? narrow : value
}

/** A signed integer of any length, as a bigint if it needs to be. */
export const littleEndianInteger = (bytes: Uint8Array): number | bigint => {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0)
  return integer(BigInt.asIntN(8 * bytes.length, value))
}

/** The same of decimal digits. @throws Refusal for another text */
export const decimalInteger = (text: string): number | bigint =>
  /^-?\d{1,64}L?$/.test(text) ? integer(BigInt(text.replace('L', ''))) : refuse('a decimal integer', quoted(text))

/** An integer of protocol 0, which writes booleans as 00 and 01. @throws Refusal for other text */
export const decimalOrBoolean = (line: string): number | bigint | boolean =>
  line === '01' ? true : line === '00' ? false : decimalInteger(line)

/** A float of protocol 0. @throws Refusal for an empty line */
export const decimalFloat = (line: string): number =>
  line.trim() === '' ? refuse('a number', quoted(line)) : Number(line)
