import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { cacheFolder } from '../../scripts/engine-cache.mjs'
import { checkAmong } from '../dsl/checks.js'
import type { Augmentation, DataContext, DataSource, Dataset } from '../dsl/dataset.js'
import { PwoaFailure, rejectOption, toPwoaError } from '../dsl/errors.js'
import { augmentationConfig } from '../math/augmentations.js'
import { checkBatchSize, DEFAULT_BATCH_SIZE } from './batchSize.js'
import { type Color, decodeImages, decoderVersion, type Undecodable } from './decodeImages.js'
import { type ImageFiles, listImages } from './imageFiles.js'
import { type PackedDataset, packDataset, unpackDataset } from './packedDataset.js'
import { Refusal, toFileError } from './refusal.js'
import { writeWhole } from './writeWhole.js'

const STAGE = 'imageFolder'

export interface ImageFolderOptions {
  /** As it stands beside figures: `CIFAR-10 (JPEG)`. */
  readonly name: string
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  readonly batchSize?: number
  /** The folder with `train` and `test`, relative to the current folder; `--data-dir` goes before it. */
  readonly dataDir?: string
  /** What training images go through anew each epoch. @default nothing */
  readonly augment?: readonly Augmentation[]
  /** Three channels or one. @default 'rgb' */
  readonly color?: Color
  /** What is done about a file that is no image; how many were left out is told with the name. @default 'refuse' */
  readonly undecodable?: Undecodable
}

type Choices = Required<Pick<ImageFolderOptions, 'color' | 'undecodable'>>

const colors = { rgb: true, grey: true }
const reactions = { refuse: true, skip: true }

/** Changes with every file's name, size and date, and with whatever else the pixels depend on. */
const keyOf = (root: string, { train, test }: ImageFiles, choices: Choices): string => {
  const hash = createHash('sha256').update(JSON.stringify([1, decoderVersion, choices]))
  for (const { path, label, size, modified } of [...train, ...test])
    hash.update(`\n${path.slice(root.length)}\t${label}\t${size}\t${modified}`)
  return hash.digest('hex').slice(0, 32)
}

const decoded = async (
  root: string,
  files: ImageFiles,
  choices: Choices,
  signal: AbortSignal,
): Promise<PackedDataset> => {
  const place = { stage: STAGE, file: root }
  const options = { stage: STAGE, signal, ...choices }
  const train = await decodeImages(place, files.train, options)
  const test = await decodeImages(place, files.test, options, train.shape)
  return {
    shape: train.shape,
    classes: files.classes.length,
    skipped: train.skipped + test.skipped,
    train: train.split,
    test: test.split,
  }
}

const load = async (root: string, files: ImageFiles, choices: Choices, signal: AbortSignal): Promise<PackedDataset> => {
  const path = join(cacheFolder(), 'images', `${keyOf(root, files, choices)}.pack`)
  const packed = await readFile(path).then(unpackDataset, () => undefined)
  if (packed !== undefined) return packed
  const made = await decoded(root, files, choices, signal)
  const written = await writeWhole(path, packDataset(made), STAGE)()
  if (isLeft(written)) throw new PwoaFailure(written.left)
  return made
}

const isJpeg = ({ train, test }: ImageFiles): boolean => [...train, ...test].some(({ path }) => !/\.png$/i.test(path))

/**
 * Images in class folders, `train/<class>/*` and `test/<class>/*`, JPEG or PNG, all of one size. Labels are the places
 * of the sorted class names, as torchvision's `ImageFolder` gives them; images stand in the order first of each class,
 * second of each class, and so on. Decoded in parallel once, then kept as one packed file in the cache folder
 * (`PWOA_CACHE`), which is found again as long as no file changes.
 *
 * Errors: an `OptionError` at once for a bad option; when opened, a `FileError` for a folder of another layout, an empty
 * class, a file that is no image, or images of differing size.
 *
 * ```ts
 * pipeline('cifar10', imageFolder({ name: 'CIFAR-10 (JPEG)', dataDir: 'data/cifar10-jpeg' }))
 * ```
 */
export const imageFolder = (options: ImageFolderOptions): DataSource => {
  const { name, batchSize = DEFAULT_BATCH_SIZE, dataDir, augment = [], color = 'rgb', undecodable = 'refuse' } = options
  checkBatchSize(STAGE, batchSize)
  if (name.trim() === '') rejectOption(STAGE, 'a name', '""')
  if (dataDir === '') rejectOption(STAGE, 'dataDir to be a folder', '""')
  checkAmong(STAGE, 'color', colors, color)
  checkAmong(STAGE, 'undecodable', reactions, undecodable)
  return {
    name,
    config: {
      name,
      batchSize,
      ...(dataDir === undefined ? {} : { dataDir }),
      augment: augmentationConfig(augment),
      color,
      undecodable,
    },
    batchSize,
    open: (context) =>
      TE.tryCatch(
        () => open(folderOf(context, dataDir), { color, undecodable }, context.signal, { name, augment }),
        (thrown) => toPwoaError(STAGE, thrown),
      ),
  }
}

const folderOf = (context: DataContext, dataDir: string | undefined): string =>
  context.dataDir ??
  (dataDir === undefined ? rejectOption(STAGE, 'a folder, by --data-dir or dataDir', 'neither') : resolve(dataDir))

const open = async (
  root: string,
  choices: Choices,
  signal: AbortSignal,
  { name, augment }: Pick<Dataset, 'name'> & { readonly augment: readonly Augmentation[] },
): Promise<Dataset> => {
  try {
    const files = await listImages(root)
    const { skipped, ...packed } = await load(root, files, choices, signal)
    return {
      name: skipped === 0 ? name : `${name}, ${skipped} undecodable files left out`,
      // PNG may hold the pixels as they were; JPEG never does.
      origin: isJpeg(files) ? 'recompressed' : 'original',
      ...packed,
      augment,
    }
  } catch (thrown) {
    throw thrown instanceof Refusal ? new PwoaFailure(toFileError({ stage: STAGE, file: root }, thrown)) : thrown
  }
}
