import * as TE from 'fp-ts/lib/TaskEither.js'
import { augmentationConfig } from '../../../dsl/augmentationConfig.js'
import { checkOptions } from '../../../dsl/checkOptions.js'
import type { Augmentation, DataSource, Dataset } from '../../../dsl/dataset.js'
import { toPwoaError } from '../../../dsl/errors.js'
import { firstOf } from '../../files/readWhole.js'
import { placing, Refusal, refuse } from '../../files/refusal.js'
import type { PackedDataset } from '../common/packedDataset.js'
import { checkBatchSize, checkFolder, DEFAULT_BATCH_SIZE, dataFolder } from '../common/sourceOptions.js'
import { readImageFolder } from '../images/readImageFolder.js'
import { cifarContents } from './cifarContents.js'
import { CIFAR_10, CIFAR_100, type CifarVersion } from './cifarFiles.js'
import { fetchCifar, findCifar, readCifar } from './cifarFolder.js'
import { recordShape } from './cifarRecords.js'

/** Options of `cifar10` and `cifar100`. */
export interface CifarOptions {
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  readonly batchSize?: number
  /**
   * The folder with the data, relative to the current folder; `--data-dir` goes before it. Where neither is given, the
   * archive is downloaded into the cache folder.
   */
  readonly dataDir?: string
  /** What training images go through anew each epoch. @default nothing */
  readonly augment?: readonly Augmentation[]
}

/**
 * CIFAR-10: 50,000 training and 10,000 test images in 10 classes, 32 × 32 pixels in colour. From the official binary
 * version, unpacked (`data_batch_1.bin` …) or as its archive, in `--data-dir`, `dataDir` or near below; where neither is
 * given, downloaded into the cache folder and checked. A folder that has class folders instead (`train/<class>/*`,
 * `test/<class>/*`, see `imageFolder`) is read as well, and named `CIFAR-10 (JPEG)` or `(PNG)`. Files of the same format
 * that are not the published ones byte for byte are named `files in CIFAR-10 format`. Read once, then kept as one packed
 * file in the cache folder.
 *
 * Errors: an `OptionError` at once for a bad option; when opened, a `FileError` for files that are absent, cut off,
 * damaged or of another data set.
 *
 * ```ts
 * pipeline('cifar10-8x', cifar10({ augment: [randomCrop({ padding: 4 }), horizontalFlip()] }))
 * ```
 */
export const cifar10 = (options: CifarOptions = {}): DataSource => source('cifar10', CIFAR_10, options)

/** CIFAR-100: as `cifar10`, with 100 classes (the fine labels; `train.bin`, `test.bin`). */
export const cifar100 = (options: CifarOptions = {}): DataSource => source('cifar100', CIFAR_100, options)

const source = (stage: string, version: CifarVersion, options: CifarOptions): DataSource => {
  const names = { batchSize: true, dataDir: true, augment: true } as const
  const { batchSize = DEFAULT_BATCH_SIZE, dataDir, augment = [] } = checkOptions(stage, options, names)
  checkBatchSize(stage, batchSize)
  checkFolder(stage, dataDir)
  return {
    name: version.name,
    config: { batchSize, ...(dataDir === undefined ? {} : { dataDir }), augment: augmentationConfig(augment) },
    batchSize,
    open: (context) =>
      TE.tryCatch(
        async () => ({ ...(await open(stage, version, dataFolder(context, dataDir), context.signal)), augment }),
        (thrown) => toPwoaError(stage, thrown),
      ),
    contents: (context) => cifarContents(dataFolder(context, dataDir), version),
  }
}

const open = async (
  stage: string,
  version: CifarVersion,
  folder: string | undefined,
  signal: AbortSignal,
): Promise<Dataset> => {
  const place = folder === undefined ? await fetchCifar(stage, version, signal) : await findCifar(folder, version)
  const file = place?.path ?? folder ?? version.archive.name
  return placing({ stage, file }, async () => {
    if (place === undefined) return fromImages(stage, version, file, signal)
    const { published, ...data } = await readCifar(stage, place, version)
    return named(data, published ? [version.name, 'original'] : [`files in ${version.name} format`, 'recompressed'])
  })
}

const named = (
  { shape, classes, train, test }: Omit<PackedDataset, 'published'>,
  [name, origin]: readonly [string, Dataset['origin']],
): Dataset => ({ name, origin, shape, classes, train, test })

const fromImages = async (
  stage: string,
  version: CifarVersion,
  root: string,
  signal: AbortSignal,
): Promise<Dataset> => {
  const choices = { color: 'rgb', undecodable: 'refuse' } as const
  const { contents, format } = await readImageFolder(stage, root, choices, signal).catch(async (thrown: unknown) => {
    throw thrown instanceof Refusal ? await noData(version, root, thrown) : thrown
  })
  const { classes, shape } = contents
  if (classes !== version.classes) return refuse(`the ${version.classes} classes of ${version.name}`, `${classes}`)
  if (shape.height !== recordShape.height || shape.width !== recordShape.width)
    return refuse('images of 32 × 32 pixels', `${shape.height} × ${shape.width}`)
  return named(contents, [`${version.name} (${format})`, 'recompressed'])
}

const noData = async (version: CifarVersion, root: string, { actual, hint }: Refusal): Promise<Refusal> => {
  const files = [...version.train, ...version.test].map(({ name }) => name).join(', ')
  const expected = `${files}, or ${version.archive.name}, or class folders of images (train/<class>, test/<class>)`
  const put = `Put them into ${root}, or name the folder that has them with --data-dir.`
  const python = await firstOf(root, version.inPython)
  return python === undefined
    ? new Refusal(expected, actual, hint ?? put)
    : new Refusal(expected, `${python}, which is the version for Python`, `The binary version is read. ${put}`)
}
