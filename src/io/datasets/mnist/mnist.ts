import type * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { checkOptions } from '../../../dsl/checkOptions.js'
import type { DataSource, Dataset, Split } from '../../../dsl/dataset.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { md5Of } from '../../files/hash.js'
import { readWhole } from '../../files/readWhole.js'
import { refuse, refusing } from '../../files/refusal.js'
import { checkBatchSize, checkFolder, DEFAULT_BATCH_SIZE, dataFolder } from '../common/sourceOptions.js'
import { type IdxImages, readIdxImages, readIdxLabels } from './idx.js'
import { mnistContents } from './mnistContents.js'
import { MNIST_FILES } from './mnistFiles.js'
import { type MnistPaths, mnistFolder } from './mnistFolder.js'

const STAGE = 'mnist'
const SIDE = 28
const CLASSES = 10
const MOST_BYTES = 2 ** 28

/** Options of `mnist`. */
export interface MnistOptions {
  /**
   * Images in a minibatch, 1 … 65,536.
   * @default 128
   */
  readonly batchSize?: number
  /**
   * Folder of the four files, relative to the current folder; `--data-dir` goes before it. Where neither is given, the
   * files are downloaded into the cache folder.
   */
  readonly dataDir?: string
}

interface LabelledSplit {
  readonly split: Split
  /** Whether both files are the published ones, byte for byte. */
  readonly official: boolean
}

const u32BigEndian = (...values: readonly number[]): Uint8Array => {
  const out = new Uint8Array(4 * values.length)
  const view = new DataView(out.buffer)
  values.forEach((value, i) => {
    view.setUint32(4 * i, value)
  })
  return out
}

const isOfficial = (images: IdxImages, labels: Uint8Array, imagesMd5: string, labelsMd5: string): boolean =>
  md5Of(u32BigEndian(2049, labels.length), labels) === labelsMd5 &&
  md5Of(u32BigEndian(2051, images.count, images.rows, images.columns), images.pixels) === imagesMd5

const readFileOf = <A>(
  file: string,
  parse: (bytes: Uint8Array) => E.Either<PwoaError, A>,
): TE.TaskEither<PwoaError, A> => pipe(readWhole({ stage: STAGE, file }, MOST_BYTES), TE.chainEitherK(parse))

const readSplit = (
  imagesFile: string,
  labelsFile: string,
  imagesMd5: string,
  labelsMd5: string,
): TE.TaskEither<PwoaError, LabelledSplit> =>
  pipe(
    TE.Do,
    TE.bind('images', () => readFileOf(imagesFile, (bytes) => readIdxImages(bytes, imagesFile, STAGE))),
    TE.bind('labels', () => readFileOf(labelsFile, (bytes) => readIdxLabels(bytes, labelsFile, CLASSES, STAGE))),
    TE.chainEitherK(({ images, labels }) =>
      refusing({ stage: STAGE, file: imagesFile }, () => {
        if (images.rows !== SIDE || images.columns !== SIDE) {
          return refuse(`images of ${SIDE} × ${SIDE} pixels`, `${images.rows} × ${images.columns}`)
        }
        if (images.count !== labels.length) {
          return refuse(`${labels.length} images, as many as labels`, `${images.count} images`)
        }
        return {
          split: { count: images.count, images: images.pixels, labels },
          official: isOfficial(images, labels, imagesMd5, labelsMd5),
        }
      }),
    ),
  )

const readDataset = (paths: MnistPaths): TE.TaskEither<PwoaError, Dataset> =>
  pipe(
    TE.Do,
    TE.bind('train', () =>
      readSplit(paths.trainImages, paths.trainLabels, MNIST_FILES.trainImages.md5, MNIST_FILES.trainLabels.md5),
    ),
    TE.bind('test', () =>
      readSplit(paths.testImages, paths.testLabels, MNIST_FILES.testImages.md5, MNIST_FILES.testLabels.md5),
    ),
    TE.map(({ train, test }): Dataset => {
      const official = train.official && test.official
      return {
        // Files of the same format may hold other pictures (Fashion-MNIST does); a figure on them must not say MNIST.
        name: official ? 'MNIST' : 'files in MNIST format',
        origin: official ? 'original' : 'recompressed',
        classes: CLASSES,
        shape: { height: SIDE, width: SIDE, channels: 1 },
        train: train.split,
        test: test.split,
      }
    }),
  )

/**
 * MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 × 28 grey pixels, from the four idx files
 * (gzip or not). Found in `--data-dir` or `dataDir`; where neither is given, downloaded into the cache folder and
 * checked. Files that are not the published ones byte for byte are read too, and named `files in MNIST format`.
 *
 * Errors: an `OptionError` at once for a bad option; when opened, a `FileError` for files that are absent, cut off,
 * corrupt or don't fit each other.
 *
 * ```ts
 * pipeline('mnist-4x', mnist({ batchSize: 128 }))
 * ```
 */
export const mnist = (options: MnistOptions = {}): DataSource => {
  const { batchSize = DEFAULT_BATCH_SIZE, dataDir } = checkOptions(STAGE, options, { batchSize: true, dataDir: true })
  checkBatchSize(STAGE, batchSize)
  checkFolder(STAGE, dataDir)
  return {
    name: 'MNIST',
    config: { batchSize, ...(dataDir === undefined ? {} : { dataDir }) },
    batchSize,
    open: (context) => pipe(mnistFolder(dataFolder(context, dataDir), context), TE.chain(readDataset)),
    contents: (context) => mnistContents(dataFolder(context, dataDir)),
  }
}
