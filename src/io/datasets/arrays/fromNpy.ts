import * as TE from 'fp-ts/lib/TaskEither.js'
import {
  augmentationConfig,
  type DataContext,
  type DataSource,
  type Dataset,
  type ImageShape,
  imageSize,
  type Split,
} from '../../../dsl/dataset.js'
import { toPwoaError, valueOfTask } from '../../../dsl/errors.js'
import { MOST_CLASSES } from '../../../dsl/labels.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { choice, list, positive, text, whole } from '../../../dsl/options/kinds.js'
import { augmentationOption } from '../../../dsl/options/languageTypes.js'
import { checkReadable } from '../../files/readWhole.js'
import { refusalAt } from '../../files/refusal.js'
import { contentsOfFiles } from '../common/contentsOnce.js'
import { batchSizeOption, dataDirOption, dataFolder } from '../common/sourceOptions.js'
import { imageBytes, imageShapeOf, labelNumbers } from './arraysAsImages.js'
import { arrayPlace, readArray } from './readArray.js'

const STAGE = 'fromNpy'

/** Where the arrays of a part of the data are. */
export const npyPartOptions = declareOptions('images and labels', {
  /** `x_train.npy`, or `data.npz/x_train`: count × height × width, or with channels; bytes, or floats in [0, 1]. */
  images: text('the path of a .npy file, or FILE.npz/NAME'),
  /** `y_train.npy`, or `data.npz/y_train`: a whole number for each image. */
  labels: text('the path of a .npy file, or FILE.npz/NAME'),
})

/** What {@link fromNpy} takes. */
export const fromNpyOptions = declareOptions(STAGE, {
  /** The name of the data in figures and tables. */
  name: text(),
  /** Training images and their labels. */
  train: npyPartOptions.asOption(),
  /** Test images and their labels. */
  test: npyPartOptions.asOption(),
  /** Where the channels are: last (TensorFlow, images of Python), or first (PyTorch). @default 'last' */
  channels: choice(['last', 'first']).default('last'),
  /** Number of classes, 2 … 65,536. @default one more than the largest label */
  classes: whole(2, { most: MOST_CLASSES }).optional('one more than the largest label'),
  /** The folder that relative paths start at; `--data-dir` overrides it. */
  dataDir: dataDirOption('the working folder'),
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  batchSize: batchSizeOption().default(128),
  /** Random changes of training images, drawn anew each epoch, in order. @default none */
  augment: list(augmentationOption()).default([]),
  /** How many times the usual memory a file may take: 512 MiB and 4 bytes for each of its bytes. @default 1 */
  readBudget: positive({ unit: 'times the usual budget' }).default(1),
})

/** Options of {@link fromNpy}. */
export interface FromNpyOptions extends OptionsOf<typeof fromNpyOptions> {}

/**
 * Images and labels in files of NumPy: `.npy`, or arrays of a `.npz`. Floats in [0, 1] are rounded to bytes, by at most
 * 1/510. Files of `np.save`, `np.savez` and `np.savez_compressed` are read; pickled objects are not.
 *
 * @example
 * pipeline('mine', fromNpy({
 *   name: 'mine', channels: 'first',
 *   train: { images: 'train.npz/images', labels: 'train.npz/labels' },
 *   test: { images: 'x_test.npy', labels: 'y_test.npy' },
 * }))
 * @throws OptionError for a wrong option; when opened, FileError for a file that is missing, damaged or of another kind,
 * numbers outside [0, 1], images of two shapes, or labels that are not as many as the images
 * Source: the format is that of numpy.lib.format.
 */
export const fromNpy = (options: FromNpyOptions): DataSource => {
  const read = fromNpyOptions.read(options)
  const { readBudget, ...planned } = read
  const filesIn = (context: Pick<DataContext, 'dataDir'>): readonly string[] => {
    const folder = dataFolder(context, read.dataDir) ?? ''
    const texts = [read.train, read.test].flatMap(({ images, labels }) => [images, labels])
    return [...new Set(texts.map((one) => arrayPlace(folder, one).file))]
  }
  return {
    name: read.name,
    // What reading may cost changes no figure, so a plan does not state it.
    config: { ...fromNpyOptions.config(planned), augment: augmentationConfig(read.augment) },
    batchSize: read.batchSize,
    open: (context) =>
      TE.tryCatch(
        () => open(read, dataFolder(context, read.dataDir) ?? ''),
        (thrown) => toPwoaError(STAGE, thrown),
      ),
    look: (context) =>
      TE.tryCatch(
        async () => {
          const files = filesIn(context)
          for (const file of files) await valueOfTask(checkReadable({ stage: STAGE, file }))
          return { says: files.join(', ') }
        },
        (thrown) => toPwoaError(STAGE, thrown),
      ),
    contents: (context) => contentsOfFiles(filesIn(context)),
  }
}

type Read = ReturnType<typeof fromNpyOptions.read>

const open = async (read: Read, folder: string): Promise<Dataset> => {
  const train = await openPart(read, folder, read.train)
  const test = await openPart(read, folder, read.test, train.shape)
  const { name, augment } = read
  const classes = read.classes ?? Math.max(2, 1 + train.largest, 1 + test.largest)
  return { name, origin: 'original', classes, shape: train.shape, train: train.split, test: test.split, augment }
}

interface OpenedPart {
  readonly shape: ImageShape
  readonly split: Split
  readonly largest: number
}

const openPart = async (
  { channels, classes = MOST_CLASSES, readBudget }: Read,
  folder: string,
  { images, labels }: Read['train'],
  wanted?: ImageShape,
): Promise<OpenedPart> => {
  const [imagesPlace, labelsPlace] = [arrayPlace(folder, images), arrayPlace(folder, labels)]
  const at = { stage: STAGE, file: imagesPlace.file }
  const pixels = await readArray(STAGE, imagesPlace, readBudget)
  const shape = imageShapeOf(at, pixels, channels)
  if (wanted && JSON.stringify(wanted) !== JSON.stringify(shape))
    throw refusalAt(at, `images of ${sidesOf(wanted)}, as in training`, sidesOf(shape))
  const bytes = imageBytes(at, pixels, channels, shape)
  const numbers = labelNumbers(
    { stage: STAGE, file: labelsPlace.file },
    await readArray(STAGE, labelsPlace, readBudget),
    classes,
  )
  const count = bytes.length / imageSize(shape)
  if (numbers.length !== count)
    throw refusalAt(
      { stage: STAGE, file: labelsPlace.file },
      `a label for each of ${count} images`,
      `${numbers.length}`,
    )
  const largest = numbers.reduce((most, label) => Math.max(most, label), 0)
  return { shape, split: { count, images: bytes, labels: numbers }, largest }
}

const sidesOf = ({ height, width, channels }: ImageShape): string => `${height} × ${width} × ${channels}`
