import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { writeWhole } from '../../files/writeWhole.js'
import type { SourceFile } from './packedCache.js'

/** Of what is hashed, and how. */
const VERSION = 1

/** A file system's clock ticks every few milliseconds: what was written just now may change and keep its date. */
const SETTLED = 2000

/**
 * A hash of what files hold, which is kept in the cache folder for as long as none of them changes in size or date. A
 * cache folder that can't be written to is no error: it is made anew the next time.
 *
 * @param files named by their absolute paths
 */
export const contentsOnce = async (files: readonly SourceFile[], make: () => Promise<string>): Promise<string> => {
  const facts = files.map(({ name, size, modified }) => [name, size, modified])
  const key = createHash('sha256')
    .update(JSON.stringify([VERSION, facts]))
    .digest('hex')
    .slice(0, 32)
  const path = join(cacheFolder(), 'contents', `${key}.txt`)
  const known = await readFile(path, 'utf8').catch(() => '')
  if (known !== '') return known
  const made = await make()
  const isSettled = files.every(({ modified }) => Date.now() - modified > SETTLED)
  if (isSettled) await writeWhole(path, made, 'contents')()
  return made
}

/** What is known of a file without reading it. */
export const factsOf = async (path: string): Promise<SourceFile> => {
  const { size, mtimeMs } = await stat(path)
  return { name: path, size, modified: mtimeMs }
}

/** What stands for the files that their authors published: their name says all of them. */
export const PUBLISHED = 'published'

/** What stands for files that can't be read: whoever opens them says what is wrong with them. */
export const UNREADABLE = 'unreadable'
