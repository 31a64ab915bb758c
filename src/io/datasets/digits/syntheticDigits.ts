import * as TE from 'fp-ts/lib/TaskEither.js'
import { type DataFacts, type DataSource, type Dataset, outlineText, type Split } from '../../../dsl/dataset.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { whole } from '../../../dsl/options/kinds.js'
import { stream } from '../../../math/random.js'
import { batchSizeOption } from '../common/sourceOptions.js'
import { DIGIT_SIDE, renderDigit } from './renderDigit.js'

const STAGE = 'syntheticDigits'
const CLASSES = 10
const PIXELS = DIGIT_SIDE * DIGIT_SIDE
const MOST_IMAGES = 1_000_000

/** What {@link syntheticDigits} takes. */
export const syntheticDigitsOptions = declareOptions(STAGE, {
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  batchSize: batchSizeOption().default(128),
  /** Training images, 1 … 1,000,000; 784 bytes each. @default 6000 */
  train: whole(1, { most: MOST_IMAGES, unit: 'images' }).default(6000),
  /** Test images, 1 … 1,000,000. @default 1000 */
  test: whole(1, { most: MOST_IMAGES, unit: 'images' }).default(1000),
})

/** Options of {@link syntheticDigits}. */
export interface SyntheticDigitsOptions extends OptionsOf<typeof syntheticDigitsOptions> {}

const FACTS: DataFacts = {
  name: 'synthetic digits',
  classes: CLASSES,
  shape: { height: DIGIT_SIDE, width: DIGIT_SIDE, channels: 1 },
}

const draw = (seed: number, split: 'train' | 'test', count: number): Split => {
  const images = new Uint8Array(count * PIXELS)
  const labels = new Uint16Array(count)
  for (let i = 0; i < count; i++) {
    // A stream for each image: the first 1,000 images do not depend on how many are drawn.
    const random = stream(seed, STAGE, split, i)
    const label = random.int(CLASSES)
    labels[i] = label
    renderDigit(label, random, images, i * PIXELS)
  }
  return { count, images, labels }
}

/**
 * Digits that are drawn from the seed, for runs without any file: pen strokes with random slant, size, place and
 * thickness, 28 × 28 grey pixels, white on black as in MNIST. They are easier than MNIST; every figure on them is
 * labelled `synthetic digits`. An image depends only on the seed, its split and its index.
 *
 * @example
 * pipeline('quickstart', syntheticDigits({ train: 6000 }))
 * @throws OptionError for a wrong option
 * Source: ours.
 */
export const syntheticDigits = (options: SyntheticDigitsOptions = {}): DataSource => {
  const read = syntheticDigitsOptions.read(options)
  const { batchSize, train, test } = read
  return {
    name: 'synthetic digits',
    config: syntheticDigitsOptions.config(read),
    batchSize,
    look: () => TE.right({ says: `drawn from the seed: ${outlineText(FACTS, train, test)}`, facts: FACTS, train }),
    open: ({ seed }) =>
      TE.fromIO(
        (): Dataset => ({
          ...FACTS,
          origin: 'synthetic',
          train: draw(seed, 'train', train),
          test: draw(seed, 'test', test),
        }),
      ),
  }
}
