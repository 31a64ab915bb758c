import { existsSync, readdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Names in a folder; none if it can't be read. */
export const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The path itself if something is there, else the nearest folder above it that exists. */
export const nearestExisting = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path))
