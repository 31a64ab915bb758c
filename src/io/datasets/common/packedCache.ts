import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { cacheFolder } from '../../../../scripts/engineCache.mjs'
import { PwoaFailure } from '../../../dsl/errors.js'
import { writeWhole } from '../../files/writeWhole.js'
import { type PackedDataset, packDataset, unpackDataset } from './packedDataset.js'

/** A file that a data set is made of: by name, size and date a changed one is noticed. */
export interface SourceFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modified: number
}

const keyOf = (made: readonly unknown[], files: readonly SourceFile[]): string => {
  // One text: of sixty thousand updates each would take as long as what it hashes.
  const facts = files.map(({ name, size, modified }) => `\n${name}\t${size}\t${modified}`).join('')
  return createHash('sha256')
    .update(JSON.stringify([VERSION, ...made]) + facts)
    .digest('hex')
    .slice(0, 32)
}

/** In one piece: asynchronously Node reads half a megabyte at a time, which takes longer. */
const packedAt = (path: string): PackedDataset | undefined => {
  try {
    return unpackDataset(readFileSync(path))
  } catch {
    return undefined
  }
}

/** Of the packed file and of what is done before it is written. */
const VERSION = 3

/**
 * A data set from the cache folder, where it was made of the same files in the same way; otherwise it is made, and kept
 * there. One that is damaged is made anew.
 *
 * @param how whatever else the pixels depend on, as JSON
 * @throws PwoaFailure with a WriteError where the cache folder can't be written to, and what `make` throws
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
  const written = await writeWhole(path, packDataset(made), stage)()
  if (isLeft(written)) throw new PwoaFailure(written.left)
  return made
}
