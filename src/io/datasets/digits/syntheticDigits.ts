import * as TE from 'fp-ts/lib/TaskEither.js'
import { checkOptions } from '../../../dsl/checkOptions.js'
import type { DataSource, Dataset, Split } from '../../../dsl/dataset.js'
import { stream } from '../../../math/random.js'
import { checkBatchSize, checkInteger, DEFAULT_BATCH_SIZE } from '../common/sourceOptions.js'
import { DIGIT_SIDE, renderDigit } from './renderDigit.js'

const STAGE = 'syntheticDigits'
const CLASSES = 10
const PIXELS = DIGIT_SIDE * DIGIT_SIDE
const MOST_IMAGES = 1_000_000

/** Options of `syntheticDigits`. */
export interface SyntheticDigitsOptions {
  /**
   * Images in a minibatch, 1 … 65,536.
   * @default 128
   */
  readonly batchSize?: number
  /**
   * Training images, 1 … 1,000,000; 784 bytes each.
   * @default 6000
   */
  readonly train?: number
  /**
   * Test images, 1 … 1,000,000.
   * @default 1000
   */
  readonly test?: number
}

const draw = (seed: number, split: 'train' | 'test', count: number): Split => {
  const images = new Uint8Array(count * PIXELS)
  const labels = new Uint8Array(count)
  for (let i = 0; i < count; i++) {
    // A stream for each image: the first 1,000 are the same whether 1,000 or 60,000 are drawn.
    const random = stream(seed, STAGE, split, i)
    const label = random.int(CLASSES)
    labels[i] = label
    renderDigit(label, random, images, i * PIXELS)
  }
  return { count, images, labels }
}

/**
 * Digits drawn from the seed, for running without any file: strokes of a pen with random slant, size, place and
 * thickness, 28 × 28 grey pixels, white on black as in MNIST. Easier than MNIST; every figure on it is labelled
 * `synthetic digits`. An image depends on the seed, its split and its index alone.
 *
 * Errors: an `OptionError` at once for a bad option.
 *
 * ```ts
 * pipeline('quickstart', syntheticDigits({ train: 6000 }))
 * ```
 */
export const syntheticDigits = (options: SyntheticDigitsOptions = {}): DataSource => {
  const {
    batchSize = DEFAULT_BATCH_SIZE,
    train = 6000,
    test = 1000,
  } = checkOptions(STAGE, options, { batchSize: true, train: true, test: true })
  checkBatchSize(STAGE, batchSize)
  checkInteger(STAGE, 'train', train, 1, MOST_IMAGES)
  checkInteger(STAGE, 'test', test, 1, MOST_IMAGES)
  return {
    name: 'synthetic digits',
    config: { batchSize, train, test },
    batchSize,
    open: ({ seed }) =>
      TE.fromIO(
        (): Dataset => ({
          name: 'synthetic digits',
          origin: 'synthetic',
          classes: CLASSES,
          shape: { height: DIGIT_SIDE, width: DIGIT_SIDE, channels: 1 },
          train: draw(seed, 'train', train),
          test: draw(seed, 'test', test),
        }),
      ),
  }
}
