import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { sha256Of, sha256OfParts } from '../../files/hash.js'
import { isSettled } from '../../files/settled.js'
import { writeWhole } from '../../files/writeWhole.js'
import { factsOf, type SourceFile } from './sourceFile.js'

/** Part of each key: to be raised if other things are hashed, or in another way. */
const VERSION = 1

/**
 * A hash of what files hold. It is kept in the cache folder and used again until a file changes in size or date. A cache
 * folder that can't be written to is no error: the hash is computed again the next time.
 *
 * @param files named by their absolute paths
 * @param make computes the hash
 */
export const contentsOnce = async (files: readonly SourceFile[], make: () => Promise<string>): Promise<string> => {
  const facts = files.map(({ name, size, modified }) => [name, size, modified])
  const key = sha256Of(JSON.stringify([VERSION, facts])).slice(0, 32)
  const path = join(cacheFolder(), 'contents', `${key}.txt`)
  const known = await readFile(path, 'utf8').catch(() => '')
  if (known !== '') return known
  const made = await make()
  if (files.every(({ modified }) => isSettled(modified))) await writeWhole(path, made, 'contents')()
  return made
}

/** A hash of the bytes of some files, one after the other. @param files their absolute paths */
export const contentsOfFiles = async (files: readonly string[]): Promise<string> => {
  try {
    return await contentsOnce(await Promise.all(files.map(factsOf)), () => sha256OfParts(bytesOf(files)))
  } catch {
    return UNREADABLE
  }
}

async function* bytesOf(files: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const file of files) yield* createReadStream(file)
}

/** Stands for files that can't be read. The error appears when the data set is opened. */
export const UNREADABLE = 'unreadable'
