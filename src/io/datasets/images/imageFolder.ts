import * as TE from 'fp-ts/lib/TaskEither.js'
import { augmentationConfig } from '../../../dsl/augmentationConfig.js'
import { checkOptions } from '../../../dsl/checkOptions.js'
import { checkAmong } from '../../../dsl/checks.js'
import type { Augmentation, DataContext, DataSource, Dataset } from '../../../dsl/dataset.js'
import { rejectOption, toPwoaError } from '../../../dsl/errors.js'
import { placing } from '../../files/refusal.js'
import { checkBatchSize, checkFolder, DEFAULT_BATCH_SIZE, dataFolder } from '../common/sourceOptions.js'
import type { Undecodable } from './decodeImages.js'
import { imageContents } from './imageContents.js'
import type { Color } from './imageDecoder.js'
import { type ImageChoices, readImageFolder } from './readImageFolder.js'

const STAGE = 'imageFolder'

/** Options of {@link imageFolder}. */
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

const colors = { rgb: true, grey: true }
const reactions = { refuse: true, skip: true }

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
  checkOptions(STAGE, options, {
    name: true,
    batchSize: true,
    dataDir: true,
    augment: true,
    color: true,
    undecodable: true,
  })
  checkBatchSize(STAGE, batchSize)
  if (name.trim() === '') rejectOption(STAGE, 'a name', '""')
  checkFolder(STAGE, dataDir)
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
    contents: async (context) => {
      const root = dataFolder(context, dataDir)
      return root === undefined ? undefined : imageContents(root)
    },
  }
}

const folderOf = (context: DataContext, dataDir: string | undefined): string =>
  dataFolder(context, dataDir) ?? rejectOption(STAGE, 'a folder, by --data-dir or dataDir', 'neither')

const open = async (
  root: string,
  choices: ImageChoices,
  signal: AbortSignal,
  { name, augment }: Pick<Dataset, 'name'> & { readonly augment: readonly Augmentation[] },
): Promise<Dataset> =>
  placing({ stage: STAGE, file: root }, async () => {
    const { contents, format } = await readImageFolder(STAGE, root, choices, signal)
    const { skipped, published: _, ...data } = contents
    return {
      name: skipped === 0 ? name : `${name}, ${skipped} undecodable files left out`,
      origin: format === 'JPEG' ? 'recompressed' : 'original',
      ...data,
      augment,
    }
  })
