import { resolve } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import {
  augmentationConfig,
  type DataContext,
  type DataSource,
  type Dataset,
  type ImageShape,
  type Split,
} from '../../../dsl/dataset.js'
import { toPwoaError, valueOfTask } from '../../../dsl/errors.js'
import { MOST_CLASSES } from '../../../dsl/labels.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { choice, list, positive, text, whole } from '../../../dsl/options/kinds.js'
import { augmentationOption } from '../../../dsl/options/languageTypes.js'
import { ReadBudget } from '../../files/readBudget.js'
import { checkReadable, readWhole } from '../../files/readWhole.js'
import { placing, refuse } from '../../files/refusal.js'
import { contentsOfFiles } from '../common/contentsOnce.js'
import { batchSizeOption, dataDirOption, dataFolder } from '../common/sourceOptions.js'
import { type ImageDecoder, loadDecoder, type Pixels } from '../images/imageDecoder.js'
import { readParquet } from './readParquet.js'

const STAGE = 'fromParquet'

/** Node reads at most so many bytes at once. */
const MOST_BYTES = 2 ** 31 - 1

/** What {@link fromParquet} takes. */
export const fromParquetOptions = declareOptions(STAGE, {
  /** The name of the data in figures and tables. */
  name: text(),
  /** The files with training images, in order. */
  train: list(text('the path of a file'), { least: 1 }),
  /** The files with test images. */
  test: list(text('the path of a file'), { least: 1 }),
  /** The column of images: JPEG or PNG, as bytes or as structs with a field `bytes`. @default 'image' */
  image: text('the name of a column').default('image'),
  /** The column of labels: whole numbers from 0. @default 'label' */
  label: text('the name of a column').default('label'),
  /** Three channels or one. @default 'rgb' */
  color: choice(['rgb', 'grey']).default('rgb'),
  /** Height and width that every image gets: the shorter side is scaled, the longer one cropped. @default as stored */
  size: whole(1, { most: 1024, unit: 'pixels' }).optional('as stored'),
  /** Number of classes, 2 … 65,536. @default one more than the largest label */
  classes: whole(2, { most: MOST_CLASSES }).optional('one more than the largest label'),
  /** The folder that relative paths start at; `--data-dir` overrides it. */
  dataDir: dataDirOption('the working folder'),
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  batchSize: batchSizeOption().default(128),
  /** Random changes of training images, drawn anew each epoch, in order. @default none */
  augment: list(augmentationOption()).default([]),
  /** How many times the usual memory a file may take: 512 MiB and 64 bytes for each of its bytes. @default 1 */
  readBudget: positive({ unit: 'times the usual budget' }).default(1),
})

/** Options of {@link fromParquet}. */
export interface FromParquetOptions extends OptionsOf<typeof fromParquetOptions> {}

/**
 * Images and labels in Parquet files, such as those of Hugging Face's data sets. It needs the packages hyparquet and sharp
 * (`npm install hyparquet@1 sharp@0.35`). Pages may be packed with Snappy, gzip or Brotli.
 *
 * @example
 * pipeline('mine', fromParquet({ name: 'mine', train: ['train-0.parquet', 'train-1.parquet'], test: ['test.parquet'] }))
 * @throws OptionError for a wrong option; when opened, UsageError without the packages, FileError for a file that is
 * missing, damaged, over the budget or without the columns, for images of several shapes, and labels out of range
 * Source: ours; the format is Apache Parquet.
 */
export const fromParquet = (options: FromParquetOptions): DataSource => {
  const read = fromParquetOptions.read(options)
  const { readBudget, ...planned } = read
  const inFolder = (context: Pick<DataContext, 'dataDir'>, files: readonly string[]): readonly string[] =>
    files.map((file) => resolve(dataFolder(context, read.dataDir) ?? '', file))
  const allIn = (context: Pick<DataContext, 'dataDir'>) => inFolder(context, [...read.train, ...read.test])
  return {
    name: read.name,
    // What reading may cost changes no figure, so a plan does not state it.
    config: { ...fromParquetOptions.config(planned), augment: augmentationConfig(read.augment) },
    batchSize: read.batchSize,
    open: (context) =>
      TE.tryCatch(
        () => open(read, inFolder(context, read.train), inFolder(context, read.test), context.signal),
        (thrown) => toPwoaError(STAGE, thrown),
      ),
    look: (context) =>
      TE.tryCatch(
        async () => {
          const files = allIn(context)
          for (const file of files) await valueOfTask(checkReadable({ stage: STAGE, file }))
          return { says: files.join(', ') }
        },
        (thrown) => toPwoaError(STAGE, thrown),
      ),
    contents: (context) => contentsOfFiles(allIn(context)),
  }
}

type Read = ReturnType<typeof fromParquetOptions.read>

const open = async (
  read: Read,
  train: readonly string[],
  test: readonly string[],
  signal: AbortSignal,
): Promise<Dataset> => {
  const decoder = await loadDecoder(STAGE)
  const shapes: ImageShape[] = []
  const part = async (files: readonly string[]): Promise<Split> => {
    const images: Uint8Array[] = []
    const labels: number[] = []
    for (const file of files) {
      const bytes = await valueOfTask(readWhole({ stage: STAGE, file }, MOST_BYTES))
      const budget = new ReadBudget(bytes.length, { times: read.readBudget, bytesPerByte: 64, option: 'readBudget' })
      await placing({ stage: STAGE, file }, async () => {
        for (const [row, { image, label }] of (await readParquet(STAGE, bytes, read, budget)).entries()) {
          signal.throwIfAborted()
          if (!(Number.isInteger(label) && label >= 0 && label < (read.classes ?? MOST_CLASSES)))
            refuse(`labels from 0 to ${(read.classes ?? MOST_CLASSES) - 1}`, `${label} in row ${row}`)
          images.push(withShape(await decoded(decoder, read, image), shapes, row, budget))
          labels.push(label)
        }
      })
    }
    return { count: labels.length, images: Buffer.concat(images), labels: Uint16Array.from(labels) }
  }
  const [first, second] = [await part(train), await part(test)]
  const [shape = { height: 0, width: 0, channels: 0 }] = shapes
  const largest = [first, second].flatMap(({ labels }) => [...labels]).reduce((most, one) => Math.max(most, one), 1)
  const { name, augment, classes = 1 + largest } = read
  return { name, origin: 'original', classes, shape, train: first, test: second, augment }
}

/** The most pixels of an image that is decoded. */
const MOST_PIXELS = 2 ** 26

const decoded = (decoder: ImageDecoder, { color, size }: Read, image: Uint8Array): Promise<Pixels> =>
  size === undefined
    ? decoder.decode(image, color, MOST_PIXELS)
    : decoder.decodeTo(image, color, { size, fit: 'cover' }, MOST_PIXELS)

/** The bytes of an image that has the shape of the first one. */
const withShape = ({ data, shape }: Pixels, shapes: ImageShape[], row: number, budget: ReadBudget): Uint8Array => {
  budget.allocate(data.length, 'the pixels of the images')
  const [first = shape] = shapes
  if (JSON.stringify(first) !== JSON.stringify(shape))
    refuse(
      `images of ${first.height} × ${first.width} pixels, as the first`,
      `${shape.height} × ${shape.width} in row ${row}`,
      'Give all of them one size by the option size.',
    )
  shapes.push(shape)
  return data
}
