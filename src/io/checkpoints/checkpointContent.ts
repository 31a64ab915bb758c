import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { sha256Of } from '../files/hash.js'
import { namedFile } from '../files/namedFile.js'
import { isSettled } from '../files/settled.js'
import { externalLocations } from './onnx/graph/externalData.js'
import { decodeModel } from './onnx/graph/messages.js'
import { formatOf } from './readCheckpoint.js'

/** What a file holds while it has this stamp. */
interface Content {
  /** Size, date and inode. */
  readonly stamp: string
  readonly hash: string
  /** Paths of the files that hold the rest. */
  readonly others: readonly string[]
}

/** Each process reads a file once unless it changes: all points of a sweep need the same files. */
const known = new Map<string, Content>()

/**
 * SHA-256 of what a checkpoint holds, including the files in which an ONNX model keeps its tensors. A file that can't be
 * read is no error here and is replaced by its name: the error appears when the checkpoint is loaded.
 *
 * @param file path, relative to the working folder
 */
export const checkpointContent = (file: string): string => {
  const { hash, others } = contentOf(file)
  if (others.length === 0) return hash
  const parts = [hash, ...others.map((other) => contentOf(other).hash)]
  return sha256Of(parts.join())
}

const contentOf = (file: string): Content => {
  const path = resolve(file)
  try {
    const facts = statSync(path)
    // A pipe blocks its reader, and a device may never end.
    if (!facts.isFile()) return unreadable(file)
    const stamp = [facts.size, facts.mtimeMs, facts.ino].join()
    const before = known.get(path)
    if (before?.stamp === stamp) return before
    const bytes = readFileSync(path)
    const content = {
      stamp,
      hash: sha256Of(bytes),
      others: formatOf(bytes, path) === 'onnx' ? externalFiles(bytes, path) : [],
    }
    if (isSettled(facts.mtimeMs)) known.set(path, content)
    return content
  } catch {
    return unreadable(file)
  }
}

const unreadable = (file: string): Content => ({ stamp: '', hash: `unreadable: ${file}`, others: [] })

/** The files in which a model keeps its tensors: those that its reader would open. None for a damaged model. */
const externalFiles = (bytes: Uint8Array, path: string): readonly string[] => {
  try {
    const locations = externalLocations(decodeModel(bytes))
    return [...new Set(locations.flatMap((location) => openable(path, location)))]
  } catch {
    return []
  }
}

const openable = (path: string, location: string): readonly string[] => {
  try {
    return [namedFile(path, location, 'its tensors').path]
  } catch {
    return []
  }
}
