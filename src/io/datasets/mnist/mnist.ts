import * as TE from 'fp-ts/lib/TaskEither.js'
import type { DataSource, Dataset, Split } from '../../../dsl/dataset.js'
import { toPwoaError, valueOf, valueOfTask } from '../../../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { md5Of } from '../../files/hash.js'
import { readWhole } from '../../files/readWhole.js'
import { placing, refuse } from '../../files/refusal.js'
import { batchSizeOption, dataDirOption, dataFolder } from '../common/sourceOptions.js'
import { type IdxImages, readIdxImages, readIdxLabels } from './idx.js'
import { mnistContents } from './mnistContents.js'
import { MNIST_FILES } from './mnistFiles.js'
import { MNIST_SIDE, type MnistPaths, mnistFolder } from './mnistFolder.js'
import { mnistOutline } from './mnistOutline.js'

const STAGE = 'mnist'
const CLASSES = 10
const MOST_BYTES = 2 ** 28

/** What {@link mnist} takes. */
export const mnistOptions = declareOptions(STAGE, {
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  batchSize: batchSizeOption().default(128),
  /**
   * Folder of the four files, relative to the working folder; `--data-dir` overrides it. If neither is given, the files
   * are downloaded into the cache folder.
   */
  dataDir: dataDirOption('downloaded into the cache folder'),
})

/** Options of {@link mnist}. */
export interface MnistOptions extends OptionsOf<typeof mnistOptions> {}

interface LabelledSplit {
  readonly split: Split
  /** Whether both files are the published ones, byte for byte. */
  readonly isPublished: boolean
}

const u32BigEndian = (...values: readonly number[]): Uint8Array => {
  const out = new Uint8Array(4 * values.length)
  const view = new DataView(out.buffer)
  values.forEach((value, i) => {
    view.setUint32(4 * i, value)
  })
  return out
}

interface Checksums {
  readonly images: string
  readonly labels: string
}

const arePublished = (images: IdxImages, labels: Uint8Array, md5: Checksums): boolean =>
  md5Of(u32BigEndian(2049, labels.length), labels) === md5.labels &&
  md5Of(u32BigEndian(2051, images.count, images.rows, images.columns), images.pixels) === md5.images

const bytesOf = (file: string): Promise<Uint8Array> => valueOfTask(readWhole({ stage: STAGE, file }, MOST_BYTES))

const readSplit = (imagesFile: string, labelsFile: string, md5: Checksums): Promise<LabelledSplit> =>
  placing({ stage: STAGE, file: imagesFile }, async () => {
    const images = valueOf(readIdxImages(await bytesOf(imagesFile), imagesFile, STAGE))
    const labels = valueOf(readIdxLabels(await bytesOf(labelsFile), labelsFile, CLASSES, STAGE))
    if (images.rows !== MNIST_SIDE || images.columns !== MNIST_SIDE)
      return refuse(`images of ${MNIST_SIDE} × ${MNIST_SIDE} pixels`, `${images.rows} × ${images.columns}`)
    if (images.count !== labels.length)
      return refuse(`${labels.length} images, as many as labels`, `${images.count} images`)
    return {
      split: { count: images.count, images: images.pixels, labels: Uint16Array.from(labels) },
      isPublished: arePublished(images, labels, md5),
    }
  })

const readDataset = async (paths: MnistPaths): Promise<Dataset> => {
  const md5 = { images: MNIST_FILES.trainImages.md5, labels: MNIST_FILES.trainLabels.md5 }
  const train = await readSplit(paths.trainImages, paths.trainLabels, md5)
  const testMd5 = { images: MNIST_FILES.testImages.md5, labels: MNIST_FILES.testLabels.md5 }
  const test = await readSplit(paths.testImages, paths.testLabels, testMd5)
  const isPublished = train.isPublished && test.isPublished
  return {
    // Files of the same format may hold other pictures, as Fashion-MNIST; figures on those must not be labelled MNIST.
    name: isPublished ? 'MNIST' : 'files in MNIST format',
    origin: isPublished ? 'original' : 'recompressed',
    classes: CLASSES,
    shape: { height: MNIST_SIDE, width: MNIST_SIDE, channels: 1 },
    train: train.split,
    test: test.split,
  }
}

/**
 * MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 × 28 grey pixels, from the four idx files
 * (packed with gzip or not) in `--data-dir` or `dataDir`. If neither is given, they are downloaded into the cache folder
 * and their checksums are compared. Files that differ from the published ones are read, too, and named `files in MNIST
 * format`.
 *
 * @example
 * pipeline('mnist-4x', mnist({ batchSize: 128 }))
 * @throws OptionError for a wrong option; when opened, FileError for files that are missing, truncated, damaged or do not
 * match each other
 * Source: LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.
 */
export const mnist = (options: MnistOptions = {}): DataSource => {
  const read = mnistOptions.read(options)
  const { batchSize, dataDir } = read
  return {
    name: 'MNIST',
    config: mnistOptions.config(read),
    batchSize,
    open: (context) =>
      TE.tryCatch(
        async () => readDataset(await mnistFolder(dataFolder(context, dataDir), context)),
        (thrown) => toPwoaError(STAGE, thrown),
      ),
    look: (context) =>
      TE.tryCatch(
        () => mnistOutline(dataFolder(context, dataDir)),
        (thrown) => toPwoaError(STAGE, thrown),
      ),
    contents: (context) => mnistContents(dataFolder(context, dataDir)),
  }
}
