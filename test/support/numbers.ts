/** Seeded numbers, and how far two lists of numbers lie apart. */

/** `count` numbers in [−1, 1), the same for the same seed. */
export const seededNumbers = (seed: number, count: number): Float32Array => {
  let state = seed >>> 0
  const numbers = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    numbers[i] = ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1
  }
  return numbers
}

/** `max |a − b| / max(1, max |b|)`; infinite where a value is not a number or the lengths differ. */
export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Infinity
  let difference = 0
  let scale = 1
  for (let i = 0; i < b.length; i++) {
    const expected = Number(b[i])
    const gap = Math.abs(Number(a[i]) - expected)
    if (Number.isNaN(gap)) return Infinity
    difference = Math.max(difference, gap)
    scale = Math.max(scale, Math.abs(expected))
  }
  return difference / scale
}

/** √Σ v². */
export const norm = (values: ArrayLike<number>): number => {
  let squares = 0
  for (let i = 0; i < values.length; i++) squares += Number(values[i]) ** 2
  return Math.sqrt(squares)
}

/** ‖a − b‖ / ‖b‖; ‖a‖ where b is 0. */
export const relativeError = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) return Infinity
  const differences = new Float64Array(b.length)
  for (let i = 0; i < b.length; i++) differences[i] = Number(a[i]) - Number(b[i])
  const gap = norm(differences)
  return gap === 0 ? 0 : gap / (norm(b) || 1)
}
