import { access, constants, stat, statfs } from 'node:fs/promises'
import { cacheFolder } from '../../../scripts/engineCache.mjs'
import { nearestExisting } from '../files/folders.js'

/** The folder for files that are kept outside of runs: the native engine, downloads, decoded images. */
export interface CachePlace {
  readonly folder: string
  /** Why the folder can't be written to; undefined if it can. */
  readonly obstacle: string | undefined
  /** Free bytes on its disk; undefined if the system does not report them. */
  readonly free: number | undefined
}

/** Looks at the cache folder or, if it does not exist yet, at the nearest folder above it. Creates nothing. */
export const cachePlace = async (): Promise<CachePlace> => {
  const folder = cacheFolder()
  const nearest = nearestExisting(folder)
  const disk = await statfs(nearest).catch(() => undefined)
  return { folder, obstacle: await obstacleAt(nearest), free: disk && disk.bavail * disk.bsize }
}

const obstacleAt = async (path: string): Promise<string | undefined> => {
  if (!(await stat(path)).isDirectory()) return `${path} is a file`
  return access(path, constants.W_OK).then(
    () => undefined,
    () => `${path} can't be written to`,
  )
}
