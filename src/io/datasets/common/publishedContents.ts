import { createHash } from 'node:crypto'
import { md5Of } from '../../files/hash.js'
import { contentsOnce, UNREADABLE } from './contentsOnce.js'
import { factsOf } from './sourceFile.js'

/** A file of a data set, and the checksum of the published one. */
export interface ChecksummedFile {
  readonly path: string
  readonly md5: string
}

/** How the contents of a file are read, and what is hashed before them. */
export interface ContentsReader {
  readonly read: (path: string) => Promise<Uint8Array>
  readonly prefix: (contents: Uint8Array) => string
}

/** Kept in the cache folder for published files. */
const PUBLISHED = 'published'

/**
 * A hash of what a data set's files hold.
 *
 * @returns undefined if all of them are as their authors published them: then the data set's name identifies them
 */
export const publishedContents = async (
  files: readonly ChecksummedFile[],
  { read, prefix }: ContentsReader,
): Promise<string | undefined> => {
  const make = async (): Promise<string> => {
    const hash = createHash('sha256')
    let published = true
    for (const { path, md5 } of files) {
      const contents = await read(path)
      published &&= md5Of(contents) === md5
      hash.update(prefix(contents)).update(contents)
    }
    return published ? PUBLISHED : hash.digest('hex')
  }
  try {
    const contents = await contentsOnce(await Promise.all(files.map(({ path }) => factsOf(path))), make)
    return contents === PUBLISHED ? undefined : contents
  } catch {
    return UNREADABLE
  }
}
