import { createHash } from 'node:crypto'
import { closeSync, fdatasync as fdatasyncWith, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Type } from 'io-ts'
import { PwoaFailure, valueOf } from '../../dsl/errors.js'
import { sha256Of } from '../../io/files/hash.js'
import { parseIn } from '../../io/files/jsonFile.js'
import { withWriteError } from '../../io/files/writeWhole.js'
import type { FileExtent } from '../checkpoints/checkpointFile.js'
import { appendOrUndo } from './appendOrUndo.js'

/** A file of JSON lines that grows with the run. */
export interface LinesFile<A> {
  /** Adds a line, in memory. It is flushed within 2 s. */
  readonly add: (value: A) => void
  /** Writes the lines in memory, all or none. @throws WriteError */
  readonly flush: () => void
  /** Resolves when all flushed lines are on the disk: a checkpoint that refers to them must find them there. */
  readonly sync: () => Promise<void>
  /** What the file holds up to the last `flush`: a checkpoint states it, so that a resumed run finds the same lines. */
  readonly extent: () => FileExtent
  /** Closes the file. Lines that were not flushed are lost. */
  readonly close: () => void
}

/** Which file it is, and how much of it is kept. */
export interface LinesFileOptions<A> {
  readonly codec: Type<A>
  /** Name of the contents: the stage of write errors. */
  readonly name: string
  readonly file: string
  /** What to keep of an earlier part of the run; lines after its last checkpoint are removed. @default nothing */
  readonly keep?: FileExtent | undefined
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
  const { name, file } = options
  const keep = options.keep && options.keep.length > 0 ? options.keep : undefined
  const descriptor = withWriteError(name, file, () => openSync(file, keep ? 'r+' : 'w'))
  const hash = createHash('sha256')
  if (keep) hash.update(replayKept(options, keep, descriptor))
  let written = keep?.length ?? 0
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
    hash.update(bytes)
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
    extent: () => ({ length: written, hash: hash.copy().digest('hex') }),
    close: () => {
      unschedule()
      closeSync(descriptor)
    },
  }
}

/** Passes on the lines that are kept, removes those after them, and returns the bytes. */
const replayKept = <A>(options: LinesFileOptions<A>, { length, hash }: FileExtent, descriptor: number): Uint8Array => {
  const { codec, name, file, replay = () => undefined } = options
  const refuse = (expected: string, actual: string): never => {
    throw new PwoaFailure({ _tag: 'FileError', stage: 'resume', file, expected, actual, hint })
  }
  try {
    const kept = readFileSync(file).subarray(0, length)
    if (kept.length < length)
      refuse(`at least the ${length} bytes that its checkpoint refers to`, `${kept.length} bytes`)
    // Before the hash, which can't name the line.
    for (const [index, text] of kept.toString('utf8').split('\n').entries())
      if (text !== '') replay(valueOf(parseIn(codec, text, { stage: 'resume', file, line: index + 1 })))
    const found = sha256Of(kept)
    if (found !== hash)
      refuse(
        `the ${length} bytes that its checkpoint refers to (SHA-256 ${hash.slice(0, 12)})`,
        `others (${found.slice(0, 12)})`,
      )
    withWriteError(name, file, () => ftruncateSync(descriptor, length))
    return kept
  } catch (thrown) {
    closeSync(descriptor)
    throw thrown
  }
}

const hint = 'It was edited after the run had begun. Put it back as it was, or start anew in another folder.'
