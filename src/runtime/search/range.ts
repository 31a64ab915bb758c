import { rejectOption } from '../../dsl/errors.js'
import { readArgument } from '../../dsl/options/declare.js'
import { choice, number } from '../../dsl/options/kinds.js'

/** How a range is divided: in equal parts, or in parts of equal ratio. */
export type RangeScale = 'linear' | 'log'

/** Which numbers of a range are drawn. */
export type RangeNumbers = 'real' | 'whole'

/** The numbers from `least` to `most`, for {@link search}. */
export interface Range {
  readonly kind: 'range'
  readonly least: number
  readonly most: number
  readonly scale: RangeScale
  readonly numbers: RangeNumbers
}

/**
 * A parameter that a search draws from an interval.
 *
 * @param least the smallest value, included
 * @param most the largest value, included
 * @param scale `log` for values of which the ratio counts, such as rates of compression or learning. @default 'linear'
 * @param numbers `whole` for whole numbers only. Others are drawn with four digits. @default 'real'
 *
 * @example
 * const rate = range(1, 32, 'log')
 * const epochs = range(1, 8, 'linear', 'whole')
 * @throws OptionError for an empty range, one on a logarithmic scale that begins at 0 or below, or fractions as ends of
 * whole numbers
 */
export const range = (
  least: number,
  most: number,
  scale: RangeScale = 'linear',
  numbers: RangeNumbers = 'real',
): Range => {
  readArgument('range', 'least', number(), least)
  readArgument('range', 'most', number(), most)
  readArgument('range', 'scale', choice(['linear', 'log']), scale)
  readArgument('range', 'numbers', choice(['real', 'whole']), numbers)
  if (least >= most) rejectOption('range', 'least < most', `${least} and ${most}`)
  if (scale === 'log' && least <= 0) rejectOption('range', 'least > 0 on a logarithmic scale', least)
  if (numbers === 'whole' && !(Number.isSafeInteger(least) && Number.isSafeInteger(most)))
    rejectOption('range', 'whole numbers as ends of a range of whole numbers', `${least} and ${most}`)
  return { kind: 'range', least, most, scale, numbers }
}

/** How many digits of a real number are drawn: labels and tables stay readable. */
const DIGITS = 4

/** The number of a range at a share of it, from 0 to just below 1. */
export const numberAt = ({ least, most, scale, numbers }: Range, share: number): number => {
  const end = numbers === 'whole' ? most + 1 : most
  const value =
    scale === 'log'
      ? Math.exp(Math.log(least) + share * (Math.log(end) - Math.log(least)))
      : least + share * (end - least)
  const kept = numbers === 'whole' ? Math.floor(value) : Number(value.toPrecision(DIGITS))
  return Math.min(most, Math.max(least, kept))
}
