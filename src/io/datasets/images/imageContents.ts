import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { contentsOnce, UNREADABLE } from '../common/contentsOnce.js'
import { listImages } from './imageFiles.js'

/** Files that are read at a time. */
const AT_ONCE = 64

/** See `DataSource.contents`: of class folders of images, with their names. */
export const imageContents = async (root: string): Promise<string> => {
  try {
    const { train, test } = await listImages(root)
    const files = [...train, ...test].map(({ path, size, modified }) => ({ name: path, size, modified }))
    return await contentsOnce(files, async () => {
      const hash = createHash('sha256')
      for (let first = 0; first < files.length; first += AT_ONCE) {
        const some = files.slice(first, first + AT_ONCE)
        const contents = await Promise.all(some.map(({ name }) => readFile(name)))
        for (const [index, bytes] of contents.entries())
          hash.update(`${some[index]?.name.slice(root.length)}\n${bytes.length}\n`).update(bytes)
      }
      return hash.digest('hex')
    })
  } catch {
    return UNREADABLE
  }
}
