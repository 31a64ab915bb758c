import * as TE from 'fp-ts/lib/TaskEither.js'
import { augmentationConfig, type DataSource, imageSize, outlineText, type Split } from '../../../dsl/dataset.js'
import { rejectOption } from '../../../dsl/errors.js'
import { labelBytes, MOST_CLASSES } from '../../../dsl/labels.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { list, made, text, whole } from '../../../dsl/options/kinds.js'
import { augmentationOption } from '../../../dsl/options/languageTypes.js'
import { sha256Of } from '../../files/hash.js'
import { batchSizeOption } from '../common/sourceOptions.js'

const STAGE = 'fromArrays'

/** Images as bytes 0 … 255, or as numbers in [0, 1]. */
type Pixels = Uint8Array | Uint8ClampedArray | Float32Array | Float64Array

const isPixels = (value: object): value is Pixels =>
  [Uint8Array, Uint8ClampedArray, Float32Array, Float64Array].some((array) => value instanceof array)

const isLabels = (value: object): value is ArrayLike<number> => 'length' in value

/** Images and labels of a part of the data. */
export const arraysPartOptions = declareOptions('images and labels', {
  /** count × height × width × channels: bytes 0 … 255, or numbers in [0, 1], which are rounded to bytes. */
  images: made<Pixels>('a Uint8Array of bytes or a Float32Array in [0, 1]', isPixels, () => undefined),
  /** The class of each image, 0 … classes − 1. */
  labels: made<ArrayLike<number>>('an array of whole numbers', isLabels, () => undefined),
})

/** The shape of the images of {@link fromArrays}. */
export const arraysShapeOptions = declareOptions('shape', {
  /** Pixels, ≥ 1. */
  height: whole(1, { unit: 'pixels' }),
  /** Pixels, ≥ 1. */
  width: whole(1, { unit: 'pixels' }),
  /** 1 for grey, 3 for colour. */
  channels: whole(1),
})

/** What {@link fromArrays} takes. */
export const fromArraysOptions = declareOptions(STAGE, {
  /** The name of the data in figures and tables. */
  name: text(),
  /** Height, width and channels of an image. */
  shape: arraysShapeOptions.asOption(),
  /** Training images and their labels. */
  train: arraysPartOptions.asOption(),
  /** Test images and their labels. */
  test: arraysPartOptions.asOption(),
  /** Number of classes, 2 … 65,536. @default one more than the largest label */
  classes: whole(2, { most: MOST_CLASSES }).optional('one more than the largest label'),
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  batchSize: batchSizeOption().default(128),
  /** Random changes of training images, drawn anew each epoch, in order. @default none */
  augment: list(augmentationOption()).default([]),
})

/** Options of {@link fromArrays}. */
export interface FromArraysOptions extends OptionsOf<typeof fromArraysOptions> {}

/**
 * Data that are in memory, from whatever reads them: images row by row with the channels last (NHWC), and a label each.
 * Numbers in [0, 1] are rounded to bytes, as images of a file are: by at most 1/510. A hash of both is part of the plan,
 * so that a run is continued with the same data only.
 *
 * @example
 * const images = (count: number) => Uint8Array.from({ length: count * 64 }, (_, i) => i % 256)
 * const labels = (count: number) => Uint8Array.from({ length: count }, (_, i) => i % 2)
 * pipeline('own', fromArrays({
 *   name: 'my images', shape: { height: 8, width: 8, channels: 1 },
 *   train: { images: images(100), labels: labels(100) }, test: { images: images(20), labels: labels(20) },
 * }))
 * @throws OptionError for a wrong option, images that are not as many as their labels, numbers outside [0, 1], or labels
 * that are not whole numbers below the number of classes
 * Source: ours.
 */
export const fromArrays = (options: FromArraysOptions): DataSource => {
  const { name, shape, train, test, classes: asked, batchSize, augment } = fromArraysOptions.read(options)
  const classes = asked ?? 1 + largest([train.labels, test.labels])
  if (classes < 2) rejectOption(STAGE, 'at least 2 classes among the labels', classes)
  const split = (part: string, { images, labels }: typeof train): Split => {
    const count = labels.length
    const values = count * imageSize(shape)
    if (count < 1) rejectOption(STAGE, `at least 1 image in ${part}`, 'none')
    if (images.length !== values)
      rejectOption(STAGE, `${values} values in ${part}.images, for ${count} labels`, images.length)
    return { count, images: bytesOf(part, images), labels: labelsOf(part, labels, classes) }
  }
  const splits = { train: split('train', train), test: split('test', test) }
  const arrays = Object.values(splits).flatMap(({ images, labels }) => [images, labelBytes(labels, classes)])
  const facts = { name, origin: 'original' as const, classes, shape }
  return {
    name,
    config: {
      ...shape,
      classes,
      train: splits.train.count,
      test: splits.test.count,
      sha256: sha256Of(arrays.map(sha256Of).join()),
      augment: augmentationConfig(augment),
    },
    batchSize,
    look: () =>
      TE.right({
        says: `in memory: ${outlineText(facts, splits.train.count, splits.test.count)}`,
        facts,
        train: splits.train.count,
      }),
    open: () => TE.right({ ...facts, ...splits, augment }),
  }
}

const largest = (all: readonly ArrayLike<number>[]): number =>
  all.reduce((most, labels) => Array.from(labels).reduce((top, label) => Math.max(top, label), most), 0)

const bytesOf = (part: string, images: Pixels): Uint8Array => {
  if (images instanceof Uint8Array || images instanceof Uint8ClampedArray) return Uint8Array.from(images)
  const outside = images.find((value) => !(value >= 0 && value <= 1))
  if (outside !== undefined) rejectOption(STAGE, `numbers in [0, 1] in ${part}.images`, outside)
  return Uint8Array.from(images, (value) => Math.round(255 * value))
}

const labelsOf = (part: string, labels: ArrayLike<number>, classes: number): Uint16Array => {
  const wrong = Array.from(labels).find((label) => !(Number.isInteger(label) && label >= 0 && label < classes))
  if (wrong !== undefined) rejectOption(STAGE, `whole numbers from 0 to ${classes - 1} in ${part}.labels`, wrong)
  return Uint16Array.from(labels)
}
