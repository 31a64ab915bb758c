import { packedOnce } from '../common/packedCache.js'
import type { PackedDataset } from '../common/packedDataset.js'
import { decodeImages, type Undecodable } from './decodeImages.js'
import { type Color, loadDecoder } from './imageDecoder.js'
import { listImages } from './imageFiles.js'

/** How a folder's images are read. */
export interface ImageChoices {
  readonly color: Color
  readonly undecodable: Undecodable
}

/** What a folder holds. */
export interface FolderContents {
  readonly contents: PackedDataset
  /** PNG may hold the pixels as they were; JPEG never does. */
  readonly format: 'JPEG' | 'PNG'
}

/** Of pixels: what Node reads at once, without some room for labels and a header. */
const MOST_BYTES = 2 ** 31 - 2 ** 24

/** See `imageFolder`. Refuses by exception. */
export const readImageFolder = async (
  stage: string,
  root: string,
  choices: ImageChoices,
  signal: AbortSignal,
): Promise<FolderContents> => {
  const { classes, train, test } = await listImages(root)
  const place = { stage, file: root }
  const decoder = await loadDecoder(stage)
  const options = { decoder, signal, ...choices }
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
