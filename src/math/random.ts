/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A stream is a pure function of its seed and keys, so a resume needs no saved state: the stream of step 1,000 is
 * `stream(seed, 'perturb', 1000)`, independent of the engine and of all earlier draws.
 */

const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85
const ROUNDS = 10
const M0_LOW = MULTIPLIER_0 & 0xffff
const M0_HIGH = MULTIPLIER_0 >>> 16
const M1_LOW = MULTIPLIER_1 & 0xffff
const M1_HIGH = MULTIPLIER_1 >>> 16

const block = (
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
  out: Uint32Array,
): void => {
  let c0 = counter0 | 0
  let c1 = counter1 | 0
  let c2 = counter2 | 0
  let c3 = counter3 | 0
  let k0 = key0 | 0
  let k1 = key1 | 0
  for (let round = 0; round < ROUNDS; round++) {
    // JavaScript has no 32 × 32 → 64 bit product. Four 16-bit products, which are exact, give the high word.
    const low0 = c0 & 0xffff
    const high0 = c0 >>> 16
    const middle0 = (Math.imul(M0_HIGH, low0) + (Math.imul(M0_LOW, low0) >>> 16)) >>> 0
    const cross0 = (Math.imul(M0_LOW, high0) + (middle0 & 0xffff)) >>> 0
    const productHigh0 = (Math.imul(M0_HIGH, high0) + (middle0 >>> 16) + (cross0 >>> 16)) | 0

    const low1 = c2 & 0xffff
    const high1 = c2 >>> 16
    const middle1 = (Math.imul(M1_HIGH, low1) + (Math.imul(M1_LOW, low1) >>> 16)) >>> 0
    const cross1 = (Math.imul(M1_LOW, high1) + (middle1 & 0xffff)) >>> 0
    const productHigh1 = (Math.imul(M1_HIGH, high1) + (middle1 >>> 16) + (cross1 >>> 16)) | 0

    const next1 = Math.imul(MULTIPLIER_1, c2)
    const next3 = Math.imul(MULTIPLIER_0, c0)
    c0 = productHigh1 ^ c1 ^ k0
    c2 = productHigh0 ^ c3 ^ k1
    c1 = next1
    c3 = next3
    k0 = (k0 + WEYL_0) | 0
    k1 = (k1 + WEYL_1) | 0
  }
  out[0] = c0
  out[1] = c1
  out[2] = c2
  out[3] = c3
}

/** The bijection alone: maps four counter words, under two key words, to four random words; all have 32 bits. */
export const philox4x32 = (
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): Uint32Array => {
  const out = new Uint32Array(4)
  block(counter[0], counter[1], counter[2], counter[3], key[0], key[1], out)
  return out
}

/** A sequence of random numbers. Two streams of the same seed and keys give the same sequence. */
export interface RandomStream {
  /** An integer in [0, 2³²). */
  uint32(): number
  /** A multiple of 2⁻²⁴ in [0, 1), exact in float32. */
  uniform(): number
  /** Standard normal (Box–Muller), |z| < 6.8. */
  normal(): number
  /** An integer in [0, n), without modulo bias. @throws RangeError unless n is an integer in [1, 2³²] */
  int(n: number): number
}

const TWO_32 = 4294967296
const TWO_M32 = 2 ** -32
const TWO_M24 = 2 ** -24

class PhiloxStream implements RandomStream {
  private readonly words = new Uint32Array(4)
  private next = 4
  private counter0 = 0
  private counter1 = 0
  private spare: number | undefined = undefined
  private readonly counter2: number
  private readonly counter3: number
  private readonly key0: number
  private readonly key1: number

  constructor(counter2: number, counter3: number, key0: number, key1: number) {
    this.counter2 = counter2
    this.counter3 = counter3
    this.key0 = key0
    this.key1 = key1
  }

  uint32(): number {
    if (this.next === 4) {
      block(this.counter0, this.counter1, this.counter2, this.counter3, this.key0, this.key1, this.words)
      this.counter0 = (this.counter0 + 1) | 0
      if (this.counter0 === 0) this.counter1 = (this.counter1 + 1) | 0
      this.next = 0
    }
    return this.words[this.next++] ?? 0
  }

  uniform(): number {
    return (this.uint32() >>> 8) * TWO_M24
  }

  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare
      this.spare = undefined
      return value
    }
    // Adding ½ avoids log 0.
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 0.5) * TWO_M32))
    const angle = 2 * Math.PI * this.uint32() * TWO_M32
    this.spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32)
      throw new RangeError(`expected an integer from 1 to 2^32, got ${n}`)
    const limit = TWO_32 - (TWO_32 % n)
    let word = this.uint32()
    while (word >= limit) word = this.uint32()
    return word % n
  }
}

const NUMBER_TAG = 0x6e756d62
const STRING_TAG = 0x73747267

/** FNV-1a over UTF-16 code units. */
const hashString = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return hash >>> 0
}

/** Three words for a key, unique to it (for strings: up to a collision of both the 32-bit hash and the length). */
const wordsOf = (key: number | string): readonly [number, number, number] => {
  if (typeof key === 'string') return [STRING_TAG, hashString(key), key.length]
  const view = new DataView(new ArrayBuffer(8))
  // Adding 0 turns −0 into 0: callers expect the two to be the same number.
  view.setFloat64(0, key + 0)
  return [NUMBER_TAG, view.getUint32(0), view.getUint32(4)]
}

/**
 * The stream of a seed and a list of keys, e.g. `stream(seed, 'shuffle', epoch)`. Different lists give independent
 * streams: one Philox block absorbs each key, and the final 128 bits become the key and the upper half of the counter.
 * A stream repeats after 2⁶⁶ words.
 *
 * @param seed any number; −0 is the same as 0
 */
export const stream = (seed: number, ...key: readonly (number | string)[]): RandomStream => {
  const state = new Uint32Array(4)
  let position = 0
  for (const part of [seed, ...key]) {
    const [tag, high, low] = wordsOf(part)
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state
    block(s0 ^ tag, s1 ^ high, s2 ^ low, s3, position++, key.length, state)
  }
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state
  return new PhiloxStream(s0, s1, s2, s3)
}

/**
 * The numbers 0 … n − 1 in random order (Fisher–Yates): every order is equally likely.
 *
 * @param n an integer in [0, 2³² − 1]
 */
export const permutation = (n: number, random: RandomStream): Uint32Array => {
  const order = new Uint32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  for (let i = n - 1; i > 0; i--) {
    const j = random.int(i + 1)
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
  return order
}

/** Overwrites `out` with uniform numbers in [lo, hi], rounded to float32. */
export const fillUniform = (out: Float32Array, lo: number, hi: number, random: RandomStream): void => {
  const width = hi - lo
  for (let i = 0; i < out.length; i++) out[i] = lo + width * random.uniform()
}

/** Overwrites `out` with standard normal numbers, rounded to float32. */
export const fillNormal = (out: Float32Array, random: RandomStream): void => {
  for (let i = 0; i < out.length; i++) out[i] = random.normal()
}

/** Overwrites `out` with −1 and 1, one random bit each. */
export const fillSigns = (out: Float32Array, random: RandomStream): void => {
  for (let i = 0; i < out.length; i += 32) {
    const word = random.uint32()
    const end = Math.min(32, out.length - i)
    for (let bit = 0; bit < end; bit++) out[i + bit] = ((word >>> bit) & 1) * 2 - 1
  }
}
