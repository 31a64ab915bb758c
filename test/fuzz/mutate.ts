/** Seeded changes of bytes: what a broken download, a faulty disk or a hostile author makes of a file. */

/** Uniform numbers in [0, 1), the same for a seed on every machine (mulberry32). */
export const uniform = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number in [0, below). */
type Pick = (below: number) => number

/** Bytes that decide much: ends of ranges, signs, brackets of JSON, opcodes of pickles. */
const BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x22, 0x28, 0x2c, 0x2e, 0x30, 0x39, 0x52, 0x5b, 0x5d, 0x68, 0x7b, 0x7d]
/** Sizes that decide much. */
const SIZES = [0, 1, 255, 65_535, 2 ** 20, 2 ** 29, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]
const WORDS = ['null', '[]', '{}', '-1', '0.5', '1e9', '1e400', '9007199254740993', '""', '"__proto__"', '\\ud800', ',']

const sized = (size: number, width: number): Uint8Array => {
  const bytes = new Uint8Array(width)
  const view = new DataView(bytes.buffer)
  if (width === 8) view.setBigUint64(0, BigInt(size), true)
  else view.setUint32(0, size, true)
  return bytes
}

const without = (bytes: Uint8Array, from: number, count: number): Uint8Array =>
  Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + count)])

const withInserted = (bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array =>
  Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])

const withWritten = (bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array => {
  const out = Uint8Array.from(bytes)
  out.set(more.subarray(0, out.length - at), at)
  return out
}

/** The digits of a random number in a text, by another word. */
const otherNumber = (bytes: Uint8Array, pick: Pick): Uint8Array => {
  const numbers = [...Buffer.from(bytes).toString('latin1').matchAll(/-?\d+/g)]
  const chosen = numbers[pick(numbers.length)]
  const word = Buffer.from(WORDS[pick(WORDS.length)] ?? '')
  return chosen === undefined ? bytes : withInserted(without(bytes, chosen.index, chosen[0].length), chosen.index, word)
}

const changes: readonly ((bytes: Uint8Array, pick: Pick, other: Uint8Array) => Uint8Array)[] = [
  (bytes, pick) => {
    const at = pick(bytes.length)
    return withWritten(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << pick(8))))
  },
  (bytes, pick) => withWritten(bytes, pick(bytes.length), Uint8Array.of(BYTES[pick(BYTES.length)] ?? 0)),
  (bytes, pick) => withWritten(bytes, pick(bytes.length), sized(SIZES[pick(SIZES.length)] ?? 0, pick(2) === 0 ? 4 : 8)),
  (bytes, pick) => without(bytes, pick(bytes.length), 1 + pick(16)),
  (bytes, pick) => bytes.subarray(0, pick(bytes.length)),
  (bytes, pick) => {
    const from = pick(bytes.length)
    return withInserted(bytes, pick(bytes.length), bytes.subarray(from, from + 1 + pick(64)))
  },
  (bytes, pick, other) => {
    const from = pick(other.length)
    return withInserted(bytes, pick(bytes.length), other.subarray(from, from + 1 + pick(64)))
  },
  (bytes, pick) => withInserted(bytes, pick(bytes.length), Buffer.from(WORDS[pick(WORDS.length)] ?? '')),
  otherNumber,
]

/**
 * Changes bytes one to four times.
 *
 * @param other of which pieces may be inserted
 */
export const mutated = (bytes: Uint8Array, random: () => number, other: Uint8Array): Uint8Array => {
  const pick: Pick = (below) => Math.floor(random() * below)
  let out = bytes
  for (let left = 1 + pick(4); left > 0; left--) out = changes[pick(changes.length)]?.(out, pick, other) ?? out
  return out
}
