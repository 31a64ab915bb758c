import { type BudgetOptions, ReadBudget } from '../../files/readBudget.js'
import { packedOnce } from '../common/packedCache.js'
import type { PackedDataset } from '../common/packedDataset.js'
import { decodeImages, type Undecodable } from './decodeImages.js'
import { type Color, loadDecoder, type Resizing } from './imageDecoder.js'
import { type ImageCounts, type ImageFile, listImages } from './imageFiles.js'

/** How the images of a folder are read. */
export interface ImageChoices {
  readonly color: Color
  readonly undecodable: Undecodable
  /** The size that every image gets. @default as stored: all have one size */
  readonly resizing?: Resizing
}

/** Stops reading, and limits it. */
export interface ImageLimits {
  readonly signal: AbortSignal
  /** What decoding may cost. @default the usual budget of files of that size */
  readonly budget?: Omit<BudgetOptions, 'bytesPerByte'>
  /** How many images of each split are read. @default all */
  readonly most?: ImageCounts
}

/** Bytes of pixels for each byte of the files: photos have up to some twenty, drawings more. */
const BYTES_PER_BYTE = 64

/** The images of a folder. */
export interface FolderContents {
  readonly contents: PackedDataset
  /** PNG may hold the original pixels; JPEG never does. JPEG if any file is JPEG. */
  readonly format: 'JPEG' | 'PNG'
}

/** The most bytes of pixels: what Node reads at once, less some room for labels and a header. */
export const MOST_BYTES = 2 ** 31 - 2 ** 24

/** What decoding files may cost. */
export const budgetOf = (files: readonly ImageFile[], { budget }: Pick<ImageLimits, 'budget'>): ReadBudget =>
  new ReadBudget(
    files.reduce((sum, { size }) => sum + size, 0),
    { ...budget, bytesPerByte: BYTES_PER_BYTE },
  )

/**
 * Reads class folders of images; see `imageFolder`.
 *
 * @throws Refusal for a folder of another layout, and for images over the budget; PwoaFailure for files that can't be decoded, a decoder that does not
 * load, a cache folder that can't be written to, or an interruption
 */
export const readImageFolder = async (
  stage: string,
  root: string,
  choices: ImageChoices,
  limits: ImageLimits,
): Promise<FolderContents> => {
  const { classes, train, test } = await listImages(root, limits.most)
  const place = { stage, file: root }
  const decoder = await loadDecoder(stage)
  const budget = budgetOf([...train, ...test], limits)
  const options = { decoder, signal: limits.signal, budget, ...choices }
  const files = [...train, ...test].map(({ path, ...facts }) => ({ ...facts, name: path.slice(root.length) }))
  const contents = await packedOnce('images', [decoder.version, choices], files, async () => {
    const first = await decodeImages(place, train, { ...options, mostBytes: MOST_BYTES })
    const left = MOST_BYTES - first.split.images.length
    const second = await decodeImages(place, test, { ...options, mostBytes: left, shape: first.shape })
    return {
      shape: first.shape,
      classes: classes.length,
      skipped: first.skipped + second.skipped,
      published: false,
      train: first.split,
      test: second.split,
    }
  })
  return { contents, format: files.some(({ name }) => !/\.png$/i.test(name)) ? 'JPEG' : 'PNG' }
}
