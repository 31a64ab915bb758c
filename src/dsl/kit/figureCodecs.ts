// Codecs of numbers with a range. JSON has no NaN, but `1e999` is read as Infinity.
import { codecOf, wholeCodec } from './codecOf.js'

// Millions of lines pass through these: each is one function, without a call of another.

/** A codec of numbers that are neither NaN nor infinite. */
export const finiteCodec = codecOf(
  'a finite number',
  (value): value is number =>
    typeof value === 'number' && value > Number.NEGATIVE_INFINITY && value < Number.POSITIVE_INFINITY,
)

/** A codec of finite numbers >= 0: seconds, norms, operations. */
export const amountCodec = codecOf(
  'a finite number >= 0',
  (value): value is number => typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY,
)

/** A codec of fractions: accuracies, sparsities. */
export const shareCodec = codecOf(
  'a share from 0 to 1',
  (value): value is number => typeof value === 'number' && value >= 0 && value <= 1,
)

/** A codec of whole numbers >= 0: examples, parameters, steps. */
export const countCodec = wholeCodec('a whole number >= 0')

/** A codec of seeds: unsigned 32-bit integers. */
export const seedCodec = wholeCodec('a seed from 0 to 4294967295', 0, 2 ** 32 - 1)
