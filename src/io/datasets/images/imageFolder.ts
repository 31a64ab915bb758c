import * as TE from 'fp-ts/lib/TaskEither.js'
import type { Augmentation, DataContext, DataSource, Dataset } from '../../../dsl/dataset.js'
import { rejectOption, toPwoaError } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { choice, list, positive, text, whole } from '../../../dsl/options/kinds.js'
import { augmentationOption } from '../../../dsl/options/languageTypes.js'
import { placing } from '../../files/refusal.js'
import { batchSizeOption, dataDirOption, dataFolder } from '../common/sourceOptions.js'
import { imageContents } from './imageContents.js'
import type { Resizing } from './imageDecoder.js'
import { outlineOfImages } from './outlineOfImages.js'
import { type ImageChoices, type ImageLimits, readImageFolder } from './readImageFolder.js'

const STAGE = 'imageFolder'

/** What {@link imageFolder} takes. */
export const imageFolderOptions = declareOptions(STAGE, {
  /** The name of the data in figures and tables: `CIFAR-10 (JPEG)`. */
  name: text(),
  /** Images in a minibatch, 1 … 65,536. @default 128 */
  batchSize: batchSizeOption().default(128),
  /** The folder with `train` and `test`, relative to the working folder; `--data-dir` overrides it. */
  dataDir: dataDirOption('the folder of the run, which must then be given'),
  /** Random changes of training images, drawn anew each epoch, in order. @default none */
  augment: list(augmentationOption()).default([]),
  /** Three channels or one. @default 'rgb' */
  color: choice(['rgb', 'grey']).default('rgb'),
  /**
   * Height and width that every image gets, 1 … 1,024 pixels. Images are filtered by a triangle (bilinear, antialiased).
   * @default as stored: all images must have one size
   */
  size: whole(1, { most: 1024, unit: 'pixels' }).optional('as stored: all images must have one size'),
  /**
   * How an image fits into `size`: `cover` scales the shorter side and crops the longer one at both ends, as torchvision's
   * `Resize(size)` and `CenterCrop(size)`; `contain` scales the longer side and adds black; `fill` stretches.
   * @default 'cover'
   */
  fit: choice(['cover', 'contain', 'fill']).optional("'cover'"),
  /**
   * Pixels of the shorter side before the middle `size × size` are cropped, `size` … 1,024: `size: 224, resize: 256` is
   * torchvision's evaluation of ImageNet's classifiers, `Resize(256)` and `CenterCrop(224)`.
   * @default the shorter side becomes size
   */
  resize: whole(1, { most: 1024, unit: 'pixels' }).optional('the shorter side becomes size'),
  /** How many training images are read at most, ≥ 1: the first of each class, then the second, and so on. @default all */
  train: whole(1, { unit: 'images' }).optional('all'),
  /** The same for test images. @default all */
  test: whole(1, { unit: 'images' }).optional('all'),
  /** What to do with a file that cannot be decoded; the name says how many were skipped. @default 'refuse' */
  undecodable: choice(['refuse', 'skip']).default('refuse'),
  /**
   * How many times the usual memory the pixels may take, for a folder that is refused because they take more. Usual are
   * 512 MiB and 64 bytes for each byte of the files.
   * @default 1
   */
  readBudget: positive({ unit: 'times the usual budget' }).default(1),
})

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions extends OptionsOf<typeof imageFolderOptions> {}

/**
 * Images in class folders, `train/<class>/*` and `test/<class>/*` (or `val/<class>/*`), also in folders below, JPEG or PNG,
 * all of one size unless `size` is given. The label of a class is the index of its name among the sorted names, as in
 * torchvision's `ImageFolder`. Images are ordered as the first of each class, the second of each class, and so on. They are
 * decoded once, in parallel, then kept as one packed file in the cache folder (`PWOA_CACHE`), which is used again until a
 * file changes.
 *
 * Pixels are read as torchvision reads them: an alpha channel is dropped, colour profiles and the orientation of EXIF are not
 * applied. With `size`, a pixel may differ from PIL's by a few of 255 levels, because the filters round differently; an
 * enlarged image is shifted by up to half a pixel. Without `resize` the crop may differ by one pixel if the rest is odd.
 * CMYK is converted by libvips' own profile.
 *
 * @example
 * pipeline('flowers', imageFolder({ name: 'flowers', dataDir: 'data/flowers', size: 32 }))
 * pipeline('cifar10', imageFolder({ name: 'CIFAR-10 (JPEG)', dataDir: 'data/cifar10-jpeg' }))
 * pipeline('imagenet', imageFolder({ name: 'ImageNet', size: 224, resize: 256, train: 1000, test: 5000 }))
 * @throws OptionError for a wrong option; when opened, FileError for a folder of another layout, a class without images, a
 * file that cannot be decoded, images of different sizes, or more pixels than the budget allows
 * Source: the layout is that of torchvision's `ImageFolder`.
 */
export const imageFolder = (options: ImageFolderOptions): DataSource => {
  const read = imageFolderOptions.read(options)
  const { readBudget, ...planned } = read
  const { name, batchSize, dataDir, augment, color, undecodable } = planned
  const choices: ImageChoices = { color, undecodable, ...given({ resizing: resizingOf(planned) }) }
  const most = given({ train: planned.train, test: planned.test })
  const limits = { budget: { times: readBudget, option: 'readBudget' }, most }
  return {
    name,
    // What reading may cost changes no figure, so a plan does not state it.
    config: imageFolderOptions.config(planned),
    batchSize,
    open: (context) =>
      TE.tryCatch(
        () => open(folderOf(context, dataDir), choices, { signal: context.signal, ...limits }, { name, augment }),
        (thrown) => toPwoaError(STAGE, thrown),
      ),
    look: (context) =>
      TE.tryCatch(
        () => {
          const root = folderOf(context, dataDir)
          return placing({ stage: STAGE, file: root }, () => outlineOfImages(STAGE, root, choices, name, limits))
        },
        (thrown) => toPwoaError(STAGE, thrown),
      ),
    contents: async (context) => {
      const root = dataFolder(context, dataDir)
      return root === undefined ? undefined : imageContents(root, most)
    },
  }
}

/** @throws OptionError for options that need another one */
const resizingOf = ({
  size,
  fit,
  resize,
}: Pick<ImageFolderOptions, 'size' | 'fit' | 'resize'>): Resizing | undefined => {
  if (size === undefined) {
    const alone = Object.keys(given({ fit, resize }))
    return alone.length === 0 ? undefined : rejectOption(STAGE, `size beside ${alone.join(' and ')}`, 'none')
  }
  if (resize === undefined) return { size, fit: fit ?? 'cover' }
  if (fit !== undefined && fit !== 'cover') rejectOption(STAGE, "fit: 'cover' beside resize", fit)
  if (resize < size) rejectOption(STAGE, `resize of at least size, ${size}`, resize)
  return { size, fit: 'cover', shorter: resize }
}

const folderOf = (context: Pick<DataContext, 'dataDir'>, dataDir: string | undefined): string =>
  dataFolder(context, dataDir) ??
  rejectOption(STAGE, 'a folder, by its own dataDir or by the option dataDir of the run', 'neither')

const open = async (
  root: string,
  choices: ImageChoices,
  limits: ImageLimits,
  { name, augment }: Pick<Dataset, 'name'> & { readonly augment: readonly Augmentation[] },
): Promise<Dataset> =>
  placing({ stage: STAGE, file: root }, async () => {
    const { contents, format } = await readImageFolder(STAGE, root, choices, limits)
    const { skipped, published: _, ...data } = contents
    return {
      name: skipped === 0 ? name : `${name}, ${skipped} undecodable files left out`,
      origin: format === 'JPEG' ? 'recompressed' : 'original',
      ...data,
      augment,
    }
  })
