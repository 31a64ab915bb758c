import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { md5Of } from '../../files/hash.js'
import { exists } from '../../files/readWhole.js'
import { contentsOnce, factsOf, PUBLISHED, UNREADABLE } from '../common/contentsOnce.js'
import { imageContents } from '../images/imageContents.js'
import type { CifarVersion } from './cifarFiles.js'
import { findCifar } from './cifarFolder.js'

/** See `DataSource.contents`: of the binary files, of their archive, or of class folders of images. */
export const cifarContents = async (
  dataDir: string | undefined,
  version: CifarVersion,
): Promise<string | undefined> => {
  const root = dataDir ?? join(cacheFolder(), 'cifar')
  const place = await findCifar(root, version)
  // Absent ones are downloaded as they were published, or there is no run.
  if (!place) return (await exists(join(root, 'train'))) ? imageContents(root) : undefined
  const files =
    place.kind === 'archive'
      ? [{ path: place.path, md5: version.archive.md5 }]
      : [...version.train, ...version.test].map(({ name, md5 }) => ({ path: join(place.path, name), md5 }))
  const make = async (): Promise<string> => {
    const hash = createHash('sha256')
    let published = true
    for (const { path, md5 } of files) {
      const bytes = await readFile(path)
      published &&= md5Of(bytes) === md5
      hash.update(bytes)
    }
    return published ? PUBLISHED : hash.digest('hex')
  }
  const facts = Promise.all(files.map(({ path }) => factsOf(path)))
  const contents = await facts.then((found) => contentsOnce(found, make)).catch(() => UNREADABLE)
  return contents === PUBLISHED ? undefined : contents
}
