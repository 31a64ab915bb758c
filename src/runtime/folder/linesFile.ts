import { closeSync, fdatasync as fdatasyncWith, fstatSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Type } from 'io-ts'
import { PwoaFailure, valueOf } from '../../dsl/errors.js'
import { parseIn } from '../../io/files/jsonFile.js'
import { withWriteError } from '../../io/files/writeWhole.js'
import { appendOrUndo } from './appendOrUndo.js'

/** A file of JSON lines that grows with the run. */
export interface LinesFile<A> {
  /** Keeps a line in memory until the next `flush`, which comes by itself within 2 s. */
  readonly add: (value: A) => void
  /** Writes the lines in memory, all or none. @throws WriteError */
  readonly flush: () => void
  /** Resolves when all that was written is on the disk: a checkpoint that refers to it must find it there. */
  readonly sync: () => Promise<void>
  /** Length of the file in bytes, up to the last `flush`. */
  readonly length: () => number
  readonly close: () => void
}

/** Which file it is, and what is kept of it. */
export interface LinesFileOptions<A> {
  readonly codec: Type<A>
  /** Name of the contents, for errors. */
  readonly name: string
  readonly file: string
  /** Bytes to keep of an earlier part of the run: lines after its last checkpoint are cut off. */
  readonly keep: number
  /** Called for each line that is kept. @default nothing is done with them */
  readonly replay?: (value: A) => void
}

const fdatasync = promisify(fdatasyncWith)

/** How many lines are kept in memory at most, and for how many milliseconds: others watch a run by its files. */
const MOST_LINES = 256
const PATIENCE = 2000

/**
 * Opens the file.
 *
 * @throws WriteError; FileError for an earlier part of the run that is cut short or damaged
 */
export const openLinesFile = <A>(options: LinesFileOptions<A>): LinesFile<A> => {
  const { name, file, keep } = options
  const descriptor = withWriteError(name, file, () => openSync(file, keep > 0 ? 'r+' : 'w'))
  if (keep > 0) replayKept(options, descriptor)
  let written = keep
  // Lines are encoded many at once: between two training steps no function is warm, and one line costs several times more.
  let waiting: A[] = []
  let due: NodeJS.Timeout | undefined

  const unschedule = (): void => {
    clearTimeout(due)
    due = undefined
  }
  const flush = (): void => {
    unschedule()
    if (waiting.length === 0) return
    const bytes = Buffer.from(waiting.map((value) => `${JSON.stringify(value)}\n`).join(''))
    withWriteError(name, file, () => appendOrUndo(descriptor, bytes, written))
    written += bytes.length
    waiting = []
  }
  const flushLate = (): void => {
    try {
      flush()
    } catch {
      // The lines are still in memory: the next flush reports the error.
    }
  }
  return {
    add: (value) => {
      waiting.push(value)
      if (waiting.length >= MOST_LINES) flush()
      else due ??= setTimeout(flushLate, PATIENCE).unref()
    },
    flush,
    sync: () => fdatasync(descriptor),
    length: () => written,
    close: () => {
      unschedule()
      closeSync(descriptor)
    },
  }
}

const replayKept = <A>(options: LinesFileOptions<A>, descriptor: number): void => {
  const { codec, file, replay = () => undefined } = options
  try {
    const lines = readKept(options, descriptor).split('\n')
    for (const [index, text] of lines.entries())
      if (text !== '') replay(valueOf(parseIn(codec, text, { stage: '--resume', file, line: index + 1 })))
  } catch (thrown) {
    closeSync(descriptor)
    throw thrown
  }
}

const readKept = <A>({ name, file, keep }: LinesFileOptions<A>, descriptor: number): string => {
  const { size } = fstatSync(descriptor)
  if (size < keep)
    throw new PwoaFailure({
      _tag: 'FileError',
      stage: '--resume',
      file,
      expected: `at least the ${keep} bytes that its checkpoint refers to`,
      actual: `${size} bytes`,
    })
  withWriteError(name, file, () => ftruncateSync(descriptor, keep))
  return readFileSync(file, 'utf8')
}
