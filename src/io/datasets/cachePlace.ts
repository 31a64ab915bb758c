import { access, constants, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { cacheFolder } from '../../../scripts/engineCache.mjs'

/** The folder for what is kept outside of runs: the native engine, downloads, decoded images. */
export interface CachePlace {
  readonly folder: string
  /** Why nothing can be written there; undefined where it can. */
  readonly obstacle: string | undefined
  /** Bytes that are free on its disk; undefined where the system does not tell. */
  readonly free: number | undefined
}

/** Looks at the cache folder, or at the nearest folder above it where it is not there yet; makes nothing. */
export const cachePlace = async (): Promise<CachePlace> => {
  const folder = cacheFolder()
  const nearest = await nearestExisting(folder)
  const disk = await statfs(nearest).catch(() => undefined)
  return { folder, obstacle: await obstacleAt(nearest), free: disk && disk.bavail * disk.bsize }
}

const nearestExisting = async (path: string): Promise<string> => {
  const there = await stat(path).catch(() => undefined)
  return there !== undefined || dirname(path) === path ? path : nearestExisting(dirname(path))
}

const obstacleAt = async (path: string): Promise<string | undefined> => {
  if (!(await stat(path)).isDirectory()) return `${path} is a file`
  return access(path, constants.W_OK).then(
    () => undefined,
    () => `${path} can't be written to`,
  )
}
