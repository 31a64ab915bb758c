import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { firstOf } from '../../files/readWhole.js'
import { publishedContents } from '../common/publishedContents.js'
import { unpacked } from './idx.js'
import { MNIST_FILES, spellingsOf } from './mnistFiles.js'
import { findMnist } from './mnistFolder.js'

/** See `DataSource.contents`; the same for files with gzip and without. */
export const mnistContents = async (dataDir: string | undefined): Promise<string | undefined> => {
  const { folder } = await findMnist(dataDir ?? join(cacheFolder(), 'mnist'))
  const files = Object.values(MNIST_FILES)
  const found = await Promise.all(
    files.map(async (file) => ({ md5: file.md5, path: await firstOf(folder, spellingsOf(file)) })),
  )
  const present = found.flatMap(({ md5, path }) => (path === undefined ? [] : [{ md5, path }]))
  // Missing files are downloaded as published; if that fails, there is no run.
  if (present.length < files.length) return undefined
  return publishedContents(present, {
    read: async (path) => unpacked(await readFile(path)),
    prefix: ({ length }) => `${length}\n`,
  })
}
