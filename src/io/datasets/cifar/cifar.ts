import * as TE from 'fp-ts/lib/TaskEither.js'
import type { DataFacts, DataOutline, DataSource, Dataset } from '../../../dsl/dataset.js'
import { toPwoaError } from '../../../dsl/errors.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { list } from '../../../dsl/options/kinds.js'
import { augmentationOption } from '../../../dsl/options/languageTypes.js'
import { firstOf } from '../../files/readWhole.js'
import { placing, Refusal, refuse } from '../../files/refusal.js'
import type { PackedDataset } from '../common/packedDataset.js'
import { batchSizeOption, dataDirOption, dataFolder } from '../common/sourceOptions.js'
import { outlineOfImages } from '../images/outlineOfImages.js'
import { type ImageChoices, readImageFolder } from '../images/readImageFolder.js'
import { cifarContents } from './cifarContents.js'
import { CIFAR_10, CIFAR_100, type CifarVersion } from './cifarFiles.js'
import { fetchCifar, findCifar, readCifar } from './cifarFolder.js'
import { absentCifar, cifarOutline } from './cifarOutline.js'
import { recordShape } from './cifarRecords.js'

const fields = {
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  batchSize: batchSizeOption().default(128),
  /**
   * The folder with the data, relative to the working folder; `--data-dir` overrides it. If neither is given, the archive
   * is downloaded into the cache folder.
   */
  dataDir: dataDirOption('downloaded into the cache folder'),
  /** Random changes of training images, drawn anew each epoch, in order. @default none */
  augment: list(augmentationOption()).default([]),
}

/** What {@link cifar10} takes. */
export const cifar10Options = declareOptions('cifar10', fields)

/** What {@link cifar100} takes. */
export const cifar100Options = declareOptions('cifar100', fields)

/** Options of {@link cifar10} and {@link cifar100}. */
export interface CifarOptions extends OptionsOf<typeof cifar10Options> {}

/**
 * CIFAR-10: 50,000 training and 10,000 test images in 10 classes, 32 × 32 pixels in colour. The official binary version
 * is read, unpacked (`data_batch_1.bin` …) or as its archive, in `--data-dir`, `dataDir` or a folder below. If neither is
 * given, the archive is downloaded into the cache folder and its checksum is compared. A folder with class folders
 * (`train/<class>/*`, `test/<class>/*`, see `imageFolder`) is read as well, and named `CIFAR-10 (JPEG)` or `(PNG)`. Files
 * of the same format that differ from the published ones are named `files in CIFAR-10 format`. The data is read once,
 * then kept as one packed file in the cache folder.
 *
 * @example
 * pipeline('cifar10-8x', cifar10({ augment: [randomCrop({ padding: 4 }), horizontalFlip()] }))
 * @throws OptionError for a wrong option; when opened, FileError for files that are missing, truncated, damaged or of
 * another data set
 * Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 */
export const cifar10 = (options: CifarOptions = {}): DataSource => source(cifar10Options, CIFAR_10, options)

/**
 * CIFAR-100: as `cifar10`, with 100 classes (the fine labels; `train.bin`, `test.bin`).
 *
 * @example
 * pipeline('cifar100-8x', cifar100({ augment: [randomCrop({ padding: 4 }), horizontalFlip()] }))
 * @throws OptionError and FileError as `cifar10`
 * Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
 */
export const cifar100 = (options: CifarOptions = {}): DataSource => source(cifar100Options, CIFAR_100, options)

const source = (declared: typeof cifar10Options, version: CifarVersion, options: CifarOptions): DataSource => {
  const read = declared.read(options)
  const { batchSize, dataDir, augment } = read
  const stage = declared.of
  return {
    name: version.name,
    config: declared.config(read),
    batchSize,
    open: (context) =>
      TE.tryCatch(
        async () => ({ ...(await open(stage, version, dataFolder(context, dataDir), context.signal)), augment }),
        (thrown) => toPwoaError(stage, thrown),
      ),
    look: (context) =>
      TE.tryCatch(
        () => look(stage, version, dataFolder(context, dataDir)),
        (thrown) => toPwoaError(stage, thrown),
      ),
    contents: (context) => cifarContents(dataFolder(context, dataDir), version),
  }
}

const look = async (stage: string, version: CifarVersion, folder: string | undefined): Promise<DataOutline> => {
  if (folder === undefined) return absentCifar(stage, version)
  const place = await findCifar(folder, version)
  if (place) return cifarOutline(stage, place, version)
  return placing({ stage, file: folder }, async () => {
    const { facts, ...outline } = await orNoData(version, folder, outlineOfImages(stage, folder, choices, version.name))
    checkImages(version, facts)
    return { ...outline, facts: { ...facts, name: version.name } }
  })
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
  const read = readImageFolder(stage, root, choices, { signal })
  const { contents, format } = await orNoData(version, root, read)
  checkImages(version, contents)
  return named(contents, [`${version.name} (${format})`, 'recompressed'])
}

const choices: ImageChoices = { color: 'rgb', undecodable: 'refuse' }

/** @throws Refusal for images of another number of classes or of another size */
const checkImages = ({ name, classes }: CifarVersion, found: Pick<DataFacts, 'classes' | 'shape'>): void => {
  const { height, width } = found.shape
  if (found.classes !== classes) refuse(`the ${classes} classes of ${name}`, `${found.classes}`)
  if (height !== recordShape.height || width !== recordShape.width)
    refuse('images of 32 × 32 pixels', `${height} × ${width}`)
}

/** What was read of class folders; if there are none, the error lists all that may be in the folder. */
const orNoData = async <A>(version: CifarVersion, root: string, read: Promise<A>): Promise<A> => {
  try {
    return await read
  } catch (thrown) {
    throw thrown instanceof Refusal ? await noData(version, root, thrown) : thrown
  }
}

const noData = async (version: CifarVersion, root: string, { actual, hint }: Refusal): Promise<Refusal> => {
  const files = [...version.train, ...version.test].map(({ name }) => name).join(', ')
  const expected = `${files}, or ${version.archive.name}, or class folders of images (train/<class>, test/<class>)`
  const put = `Put them into ${root}, or name the folder that has them by the option dataDir.`
  const python = await firstOf(root, version.inPython)
  return python === undefined
    ? new Refusal(expected, actual, hint ?? put)
    : new Refusal(expected, `${python}, which is the version for Python`, `Only the binary version is read. ${put}`)
}
