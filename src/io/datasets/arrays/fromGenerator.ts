import * as TE from 'fp-ts/lib/TaskEither.js'
import { augmentationConfig, type DataSource, type Dataset, imageSize, type Split } from '../../../dsl/dataset.js'
import { PwoaFailure, rejectOption, toPwoaError } from '../../../dsl/errors.js'
import { MOST_CLASSES } from '../../../dsl/labels.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { callback, list, text, whole } from '../../../dsl/options/kinds.js'
import { augmentationOption } from '../../../dsl/options/languageTypes.js'
import { batchSizeOption } from '../common/sourceOptions.js'
import { arraysShapeOptions } from './fromArrays.js'

const STAGE = 'fromGenerator'

/** An image with its class. */
export interface LabelledImage {
  /** height × width × channels: bytes 0 … 255, or floats in [0, 1], which are rounded to bytes. */
  readonly image: Uint8Array | Float32Array | Float64Array
  /** 0 … classes − 1. */
  readonly label: number
}

/** Images one after the other, such as a generator or an async generator makes. */
export type LabelledImages = () => AsyncIterable<LabelledImage> | Iterable<LabelledImage>

/** What {@link fromGenerator} takes. */
export const fromGeneratorOptions = declareOptions(STAGE, {
  /** The name of the data in figures and tables. */
  name: text(),
  /** Height, width and channels of an image. */
  shape: arraysShapeOptions.asOption(),
  /** Number of classes, 2 … 65,536. */
  classes: whole(2, { most: MOST_CLASSES }),
  /** Makes the training images, in the same order each time. */
  train: callback<LabelledImages>('a function that makes images, such as a generator'),
  /** Makes the test images. */
  test: callback<LabelledImages>('a function that makes images, such as a generator'),
  /** What the images depend on, for the plan: a run is resumed only with the same text. @default none */
  version: text().optional('none'),
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  batchSize: batchSizeOption().default(128),
  /** Random changes of training images, drawn anew each epoch, in order. @default none */
  augment: list(augmentationOption()).default([]),
})

/** Options of {@link fromGenerator}. */
export interface FromGeneratorOptions extends OptionsOf<typeof fromGeneratorOptions> {}

/**
 * Images from a function of yours, one after the other: a generator, an async generator, or anything to iterate over. All
 * are read into memory before training. What the function makes is not known before it runs, so a plan states only `version`.
 *
 * @example
 * async function* images() {
 *   for (let i = 0; i < 100; i++) yield { image: new Uint8Array(64).fill(i), label: i % 2 }
 * }
 * pipeline('own', fromGenerator({
 *   name: 'my images', shape: { height: 8, width: 8, channels: 1 }, classes: 2, train: images, test: images,
 * }))
 * @throws OptionError for a wrong option; when opened, RunError for an image of another length, numbers outside [0, 1] or a
 * class that is not there, and what the function throws
 * Source: ours.
 */
export const fromGenerator = (options: FromGeneratorOptions): DataSource => {
  const read = fromGeneratorOptions.read(options)
  const { train, test, ...planned } = read
  const { name, shape, classes, version, batchSize, augment } = planned
  return {
    name,
    config: { ...shape, classes, ...(version === undefined ? {} : { version }), augment: augmentationConfig(augment) },
    batchSize,
    open: ({ signal }) =>
      TE.tryCatch(
        async (): Promise<Dataset> => ({
          ...{ name, origin: 'original', classes, shape, augment },
          train: await collect('train', train, read, signal),
          test: await collect('test', test, read, signal),
        }),
        (thrown) => toPwoaError(STAGE, thrown),
      ),
  }
}

const collect = async (
  part: string,
  images: LabelledImages,
  { shape, classes }: Pick<FromGeneratorOptions, 'shape' | 'classes'>,
  signal: AbortSignal,
): Promise<Split> => {
  const size = imageSize(shape)
  const bytes: Uint8Array[] = []
  const labels: number[] = []
  for await (const { image, label } of images()) {
    signal.throwIfAborted()
    const place = `image ${labels.length} of ${part}`
    if (image.length !== size) throw wrong(`${size} values in ${place}`, image.length)
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw wrong(`a class from 0 to ${classes - 1} of ${place}`, label)
    bytes.push(bytesOf(place, image))
    labels.push(label)
  }
  if (labels.length === 0) rejectOption(STAGE, `at least 1 image from ${part}`, 'none')
  return { count: labels.length, images: Buffer.concat(bytes), labels: Uint16Array.from(labels) }
}

const bytesOf = (place: string, image: LabelledImage['image']): Uint8Array => {
  // A generator may fill the same array again.
  if (image instanceof Uint8Array) return Uint8Array.from(image)
  const outside = image.find((value) => !(value >= 0 && value <= 1))
  if (outside !== undefined) throw wrong(`bytes, or floats in [0, 1], in ${place}`, outside)
  return Uint8Array.from(image, (value) => Math.round(255 * value))
}

const wrong = (expected: string, actual: number): PwoaFailure =>
  new PwoaFailure({ _tag: 'RunError', stage: STAGE, expected, actual: String(actual) })
