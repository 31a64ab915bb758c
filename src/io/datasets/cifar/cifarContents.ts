import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { exists } from '../../files/readWhole.js'
import { publishedContents } from '../common/publishedContents.js'
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
  // Missing files are downloaded as published; if that fails, there is no run.
  if (!place) return (await exists(join(root, 'train'))) ? imageContents(root) : undefined
  const files =
    place.kind === 'archive'
      ? [{ path: place.path, md5: version.archive.md5 }]
      : [...version.train, ...version.test].map(({ name, md5 }) => ({ path: join(place.path, name), md5 }))
  return publishedContents(files, { read: (path) => readFile(path), prefix: () => '' })
}
