import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { valueOfTask } from '../../../dsl/errors.js'
import { sha256Of } from '../../files/hash.js'
import { writeWhole } from '../../files/writeWhole.js'
import { type PackedDataset, packDataset, unpackDataset } from './packedDataset.js'
import type { SourceFile } from './sourceFile.js'

const keyOf = (made: readonly unknown[], files: readonly SourceFile[]): string => {
  // One text: with sixty thousand files, an update of the hash for each would take as long as the hashing itself.
  const facts = files.map(({ name, size, modified }) => `\n${name}\t${size}\t${modified}`).join('')
  return sha256Of(JSON.stringify([VERSION, ...made]) + facts).slice(0, 32)
}

/** Reads synchronously: asynchronously Node reads half a megabyte at a time, which takes longer. */
const packedAt = (path: string): PackedDataset | undefined => {
  try {
    return unpackDataset(readFileSync(path))
  } catch {
    return undefined
  }
}

/** Part of each key: to be raised if the packed format, or the way to its pixels, changes. */
const VERSION = 4

/**
 * A data set from the cache folder if it was made from the same files in the same way. If it was not, or if the cached
 * file is damaged, the data set is made and kept in the cache folder.
 *
 * @param how what the pixels depend on besides the files; part of the key as JSON
 * @throws PwoaFailure with a WriteError if the cache folder can't be written to; whatever `make` throws
 */
export const packedOnce = async (
  stage: string,
  how: readonly unknown[],
  files: readonly SourceFile[],
  make: () => Promise<PackedDataset>,
): Promise<PackedDataset> => {
  const path = join(cacheFolder(), 'images', `${keyOf([stage, ...how], files)}.pack`)
  const packed = packedAt(path)
  if (packed !== undefined) return packed
  const made = await make()
  await valueOfTask(writeWhole(path, packDataset(made), stage))
  return made
}
