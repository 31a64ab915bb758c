import { readFile } from 'node:fs/promises'
import { sha256OfParts } from '../../files/hash.js'
import { contentsOnce, UNREADABLE } from '../common/contentsOnce.js'
import type { SourceFile } from '../common/sourceFile.js'
import { type ImageCounts, listImages } from './imageFiles.js'

/** Files that are read at a time. */
const AT_ONCE = 64

/** See `DataSource.contents`: of class folders of images, with their names. */
export const imageContents = async (root: string, most?: ImageCounts): Promise<string> => {
  try {
    const { train, test } = await listImages(root, most)
    const files = [...train, ...test].map(({ path, size, modified }) => ({ name: path, size, modified }))
    return await contentsOnce(files, () => sha256OfParts(partsOf(root, files)))
  } catch {
    return UNREADABLE
  }
}

/** Of each file its name below the root, its length and its bytes. */
async function* partsOf(root: string, files: readonly SourceFile[]): AsyncGenerator<Uint8Array | string> {
  for (let first = 0; first < files.length; first += AT_ONCE) {
    const some = files.slice(first, first + AT_ONCE)
    const read = await Promise.all(some.map(async ({ name }) => ({ name, bytes: await readFile(name) })))
    for (const { name, bytes } of read) {
      yield `${name.slice(root.length)}\n${bytes.length}\n`
      yield bytes
    }
  }
}
