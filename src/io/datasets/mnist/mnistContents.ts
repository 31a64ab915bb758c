import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { md5Of } from '../../files/hash.js'
import { firstOf } from '../../files/readWhole.js'
import { contentsOnce, factsOf, PUBLISHED, UNREADABLE } from '../common/contentsOnce.js'
import { MNIST_FILES, spellingsOf } from './mnistFiles.js'
import { findMnist } from './mnistFolder.js'

const MOST_BYTES = 2 ** 28

/** See `DataSource.contents`; the same for files with gzip and without. */
export const mnistContents = async (dataDir: string | undefined): Promise<string | undefined> => {
  const { folder } = await findMnist(dataDir ?? join(cacheFolder(), 'mnist'))
  const files = Object.values(MNIST_FILES)
  const paths = await Promise.all(files.map((file) => firstOf(folder, spellingsOf(file))))
  const found = paths.flatMap((path) => path ?? [])
  // Absent ones are downloaded as they were published, or there is no run.
  if (found.length < files.length) return undefined
  const make = async (): Promise<string> => {
    const hash = createHash('sha256')
    let published = true
    for (const [index, path] of found.entries()) {
      const bytes = unpacked(await readFile(path))
      published &&= md5Of(bytes) === files[index]?.md5
      hash.update(`${bytes.length}\n`).update(bytes)
    }
    return published ? PUBLISHED : hash.digest('hex')
  }
  const facts = Promise.all(found.map(factsOf))
  const contents = await facts.then((known) => contentsOnce(known, make)).catch(() => UNREADABLE)
  return contents === PUBLISHED ? undefined : contents
}

const unpacked = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes, { maxOutputLength: MOST_BYTES }) : bytes
