import { type Color, decodeImages, decoderVersion, type Undecodable } from './decodeImages.js'
import { listImages } from './imageFiles.js'
import { packedOnce } from './packedCache.js'
import type { PackedDataset } from './packedDataset.js'

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

/** See `imageFolder`. Refuses by exception. */
export const readImageFolder = async (
  stage: string,
  root: string,
  choices: ImageChoices,
  signal: AbortSignal,
): Promise<FolderContents> => {
  const { classes, train, test } = await listImages(root)
  const place = { stage, file: root }
  const options = { stage, signal, ...choices }
  const files = [...train, ...test].map(({ path, ...facts }) => ({ ...facts, name: path.slice(root.length) }))
  const contents = await packedOnce('images', [decoderVersion, choices], files, async () => {
    const first = await decodeImages(place, train, options)
    const second = await decodeImages(place, test, options, first.shape)
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
