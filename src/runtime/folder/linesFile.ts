import { closeSync, fdatasync as fdatasyncWith, fstatSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Type } from 'io-ts'
import { PwoaFailure, valueOf } from '../../dsl/errors.js'
import { parseIn } from '../../io/files/jsonFile.js'
import { withWriteError } from '../../io/files/writeWhole.js'
import { appendOrUndo } from './appendOrUndo.js'

/** A file of JSON lines that grows with the run. */
export interface LinesFile<A> {
  /** Adds a line, in memory. It is flushed within 2 s. */
  readonly add: (value: A) => void
  /** Writes the lines in memory, all or none. @throws WriteError */
  readonly flush: () => void
  /** Resolves when all flushed lines are on the disk: a checkpoint that refers to them must find them there. */
  readonly sync: () => Promise<void>
  /** Length of the file in bytes, up to the last `flush`. */
  readonly length: () => number
  /** Closes the file. Lines that were not flushed are lost. */
  readonly close: () => void
}

/** Which file it is, and how much of it is kept. */
export interface LinesFileOptions<A> {
  readonly codec: Type<A>
  /** Name of the contents: the stage of write errors. */
  readonly name: string
  readonly file: string
  /** Bytes to keep of an earlier part of the run; 0: a new file. Lines after the last checkpoint are cut off. */
  readonly keep: number
  /** Called for each line that is kept. @default nothing is done with them */
  readonly replay?: (value: A) => void
}

const fdatasync = promisify(fdatasyncWith)

/** How many lines are kept in memory at most. */
const MOST_LINES = 256

/** Milliseconds that a line is kept in memory at most: other processes follow a run by its files. */
const PATIENCE = 2000

/**
 * Opens a file of JSON lines, new or as an earlier part of the run left it.
 *
 * @throws WriteError; FileError for an earlier part of the run that is cut short or damaged
 */
export const openLinesFile = <A>(options: LinesFileOptions<A>): LinesFile<A> => {
  const { name, file, keep } = options
  const descriptor = withWriteError(name, file, () => openSync(file, keep > 0 ? 'r+' : 'w'))
  if (keep > 0) replayKept(options, descriptor)
  let written = keep
  // Lines are encoded many at once: a single line between two training steps takes several times longer.
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
      // The lines are still in memory: the next explicit flush reports the error.
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
