import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { decodeModel, EXTERNAL } from './onnx/graph/messages.js'
import { formatOf } from './readCheckpoint.js'

/** What is in a file, as long as it has this stamp. */
interface Content {
  readonly stamp: string
  readonly hash: string
  /** Files beside it that hold the rest. */
  readonly others: readonly string[]
}

/** A file system's clock ticks every few milliseconds: what was written just now may change and keep its stamp. */
const SETTLED = 2000

/** Each file is read once a process, unless it changes: all points of a sweep ask for the same ones. */
const known = new Map<string, Content>()

/**
 * SHA-256 of what a checkpoint holds, of the files that an ONNX model keeps its tensors in too. A file that can't be read
 * is no error here, and counts by its name: whoever loads it says what is wrong with it.
 *
 * @param file path, relative to the working folder
 */
export const checkpointContent = (file: string): string => {
  const { hash, others } = contentOf(file)
  if (others.length === 0) return hash
  const parts = [hash, ...others.map((other) => contentOf(other).hash)]
  return createHash('sha256').update(parts.join()).digest('hex')
}

const contentOf = (file: string): Content => {
  const path = resolve(file)
  try {
    const { size, mtimeMs, ino } = statSync(path)
    const stamp = [size, mtimeMs, ino].join()
    const before = known.get(path)
    if (before?.stamp === stamp) return before
    const bytes = readFileSync(path)
    const hash = createHash('sha256').update(bytes).digest('hex')
    const content = { stamp, hash, others: formatOf(bytes, path) === 'onnx' ? externalFiles(bytes, path) : [] }
    if (Date.now() - mtimeMs > SETTLED) known.set(path, content)
    return content
  } catch {
    return { stamp: '', hash: `unreadable: ${file}`, others: [] }
  }
}

/** The files beside a model that its tensors lie in; none of a model that is damaged. */
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
