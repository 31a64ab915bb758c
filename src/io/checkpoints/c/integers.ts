/** The integer arithmetic of the 8-bit form, as its C code computes it. */

/** A positive factor multiplier / 2^shift. */
export interface Factor {
  /** 2³⁰ to 2³¹ − 1; smaller only for factors below 2⁻³². */
  readonly multiplier: number
  /** 1 to 62. */
  readonly shift: number
}

const LONGEST = 62

/**
 * The nearest factor of this form: to some 2⁻³¹ of its value.
 *
 * @param real in (0, 2²⁹)
 */
export const factorOf = (real: number): Factor => {
  const shift = Math.min(LONGEST, 30 - Math.floor(Math.log2(real)))
  const multiplier = Math.round(real * 2 ** shift)
  return multiplier >= 2 ** 31 ? { multiplier: 2 ** 30, shift: shift - 1 } : { multiplier, shift }
}

/** sum · factor, rounded to the nearest integer, halves up: ⌊(sum·multiplier + 2^(shift − 1)) / 2^shift⌋, exactly. */
export const rescaled = (sum: number, { multiplier, shift }: Factor): number =>
  Number((BigInt(sum) * BigInt(multiplier) + (1n << BigInt(shift - 1))) >> BigInt(shift))

/** sum / 2^shift of a 32-bit sum, rounded to the nearest integer, halves up. */
export const shifted = (sum: number, shift: number): number => Math.floor((sum + 2 ** (shift - 1)) / 2 ** shift)

/** The nearest number from `low` to 255. */
export const clamped = (value: number, low = 0): number => Math.min(255, Math.max(low, value))
