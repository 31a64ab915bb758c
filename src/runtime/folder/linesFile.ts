import {
  closeSync,
  fdatasync as fdatasyncWith,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'
import { PwoaFailure } from '../../dsl/errors.js'
import { withWriteError } from '../../io/files/writeWhole.js'

/** A file of JSON lines that grows with the run. */
export interface LinesFile<T> {
  /** Lines wait in memory until `flush`, for a moment at most. */
  readonly add: (value: T) => void
  /** Writes what waits, as a whole or not at all. Throws a `WriteError`. */
  readonly flush: () => void
  /** Resolves when all that was written is on the disk, as a checkpoint that speaks of it must find it there. */
  readonly sync: () => Promise<void>
  /** Length of the file, up to the last `flush`. */
  readonly length: () => number
  readonly close: () => void
}

const fdatasync = promisify(fdatasyncWith)

/** How many lines wait at most, and how long in milliseconds: whoever watches a run from outside sees its files. */
const bufferLimit = 256
const patience = 2000

/**
 * Opens the file. `keep` is the length up to which an earlier part of the run stands: whatever an interrupted run
 * wrote after its last checkpoint is cut off, and each line before goes to `replay`.
 *
 * @param what it is, for errors
 */
export const openLinesFile = <T>(
  what: string,
  file: string,
  keep: number,
  replay: (value: T) => void = () => undefined,
): LinesFile<T> => {
  const descriptor = withWriteError(what, file, () => openSync(file, keep > 0 ? 'r+' : 'w'))
  const text = keep > 0 ? readKept(what, file, descriptor, keep) : ''
  for (const line of text.split('\n')) if (line !== '') replay(JSON.parse(line) as T)
  let written = keep
  // Lines are made many at once: between two training steps every function is cold, and its cost several times itself.
  let waiting: T[] = []
  let due: NodeJS.Timeout | undefined

  const rest = (): void => {
    clearTimeout(due)
    due = undefined
  }
  const flush = (): void => {
    rest()
    if (waiting.length === 0) return
    const bytes = Buffer.from(waiting.map((value) => `${JSON.stringify(value)}\n`).join(''))
    withWriteError(what, file, () => writeOrUndo(descriptor, bytes, written))
    written += bytes.length
    waiting = []
  }
  const flushLate = (): void => {
    try {
      flush()
    } catch {
      // The lines still wait: the next flush tells.
    }
  }
  return {
    add: (value) => {
      waiting.push(value)
      if (waiting.length >= bufferLimit) flush()
      else due ??= setTimeout(flushLate, patience).unref()
    },
    flush,
    sync: () => fdatasync(descriptor),
    length: () => written,
    close: () => {
      rest()
      closeSync(descriptor)
    },
  }
}

const readKept = (what: string, file: string, descriptor: number, keep: number): string => {
  const { size } = fstatSync(descriptor)
  if (size < keep) {
    closeSync(descriptor)
    throw new PwoaFailure({
      _tag: 'FileError',
      stage: '--resume',
      file,
      expected: `at least the ${keep} bytes that its checkpoint speaks of`,
      actual: `${size} bytes`,
    })
  }
  withWriteError(what, file, () => ftruncateSync(descriptor, keep))
  return readFileSync(file, 'utf8')
}

/** A full disk takes a part of the bytes: that part must not stay as half a line. */
const writeOrUndo = (descriptor: number, bytes: Buffer, position: number): void => {
  try {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(descriptor, bytes, done, bytes.length - done, position + done)
    }
  } catch (error) {
    ftruncateSync(descriptor, position)
    throw error
  }
}
