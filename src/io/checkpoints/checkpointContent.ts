import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { sha256Of } from '../files/hash.js'
import { isSettled } from '../files/settled.js'
import { decodeModel, EXTERNAL } from './onnx/graph/messages.js'
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
    const { size, mtimeMs, ino } = statSync(path)
    const stamp = [size, mtimeMs, ino].join()
    const before = known.get(path)
    if (before?.stamp === stamp) return before
    const bytes = readFileSync(path)
    const content = {
      stamp,
      hash: sha256Of(bytes),
      others: formatOf(bytes, path) === 'onnx' ? externalFiles(bytes, path) : [],
    }
    if (isSettled(mtimeMs)) known.set(path, content)
    return content
  } catch {
    return { stamp: '', hash: `unreadable: ${file}`, others: [] }
  }
}

/** The files in which a model keeps its tensors; none for a damaged model. */
const externalFiles = (bytes: Uint8Array, path: string): readonly string[] => {
  try {
    const tensors = decodeModel(bytes).graph?.initializer ?? []
    const locations = tensors
      .filter(({ dataLocation }) => dataLocation === EXTERNAL)
      .flatMap(({ externalData }) => externalData.filter(({ key }) => key === 'location').map(({ value }) => value))
    return [...new Set(locations)].map((location) => join(dirname(path), location))
  } catch {
    return []
  }
}
