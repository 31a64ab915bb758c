import { permutation, type RandomStream } from './random.js'

/** A number of a sequence in [0, 1). */
export type HaltonNumber = (index: number, dimension: number) => number

/** Digits that are drawn: those after them change a number by less than its rounding. */
const PRECISION = 2 ** 53

/**
 * The randomised Halton sequence: the digits of the index in a prime base, one prime for each dimension, in reverse order
 * after the point, each digit position permuted at random. Of the first bᵏ numbers of the dimension of base b exactly one
 * lies in each interval of length b⁻ᵏ. Every number depends only on its index and dimension, so a sequence can be
 * continued at any time, and dimensions added.
 *
 * @param random the numbers that permute one digit position of one dimension
 *
 * Source: Owen, "A randomized Halton algorithm in R", arXiv 1706.02808, 2017, algorithm 1; Halton, "On the efficiency of
 * certain quasi-random sequences of points", Numerische Mathematik 2, 1960.
 */
export const haltonSequence = (random: (dimension: number, digit: number) => RandomStream): HaltonNumber => {
  const bases: number[] = []
  const permutations = new Map<string, Uint32Array>()
  const permuted = (digit: number, dimension: number, position: number, base: number): number => {
    const name = `${dimension} ${position}`
    const found = permutations.get(name) ?? permutation(base, random(dimension, position))
    permutations.set(name, found)
    return found[digit] ?? 0
  }
  return (index, dimension) => {
    while (bases.length <= dimension) bases.push(nextPrime(bases.at(-1) ?? 1))
    const base = bases[dimension] ?? 2
    let [rest, unit, value] = [index, 1 / base, 0]
    for (let position = 0; unit * PRECISION >= 1; position++) {
      value += permuted(rest % base, dimension, position, base) * unit
      rest = Math.floor(rest / base)
      unit /= base
    }
    return Math.min(value, 1 - 2 ** -53)
  }
}

const nextPrime = (after: number): number => {
  let candidate = after + 1
  while (!isPrime(candidate)) candidate++
  return candidate
}

const isPrime = (n: number): boolean => {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false
  return true
}
