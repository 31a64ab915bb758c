import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Journal } from '../../dsl/context.js'
import { type FileError, PwoaFailure } from '../../dsl/errors.js'
import { drawnJson } from '../../dsl/kit/drawn.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { withWriteError } from '../../io/files/writeWhole.js'
import { appendOrUndo } from './appendOrUndo.js'

/** A line: key and value. */
const Entry = t.tuple([t.string, t.unknown])

/**
 * A journal as a file: one line `["key", value]` for each entry, on the disk before `add` returns. A line that a crash cut
 * short is removed.
 *
 * @param parts journals of other, finished runs: their entries count as entries of this one
 * @throws WriteError; FileError for a damaged line, and for a part that is missing or that contradicts another one
 */
export const openJournal = (file: string, parts: readonly string[] = []): Journal & { readonly close: () => void } => {
  const earlier = joined(parts)
  const descriptor = withWriteError('journal', file, () => openSync(file, 'a+'))
  const text = withWriteError('journal', file, () => readFileSync(descriptor, 'utf8'))
  const { entries: own, length: whole } = parsed(text, file)
  const entries = new Map([...earlier, ...own])
  let length = whole
  withWriteError('journal', file, () => ftruncateSync(descriptor, length))

  return {
    entries,
    add: (key, value) => {
      const bytes = Buffer.from(`${JSON.stringify([key, value])}\n`)
      withWriteError('journal', file, () => appendOrUndo(descriptor, bytes, length, fsyncSync))
      entries.set(key, value)
      length += bytes.length
    },
    close: () => closeSync(descriptor),
  }
}

/** The entries of all lines that have an end, and their length in bytes. */
const parsed = (text: string, file: string): { readonly entries: Map<string, unknown>; readonly length: number } => {
  const rows = text.split('\n').slice(0, -1)
  const entries = rows.map((row, index) => {
    const entry = Entry.decode(parseJson(row))
    if (E.isLeft(entry)) throw wrongPart(file, `an entry ["key", value] in line ${index + 1}`, drawnJson(row), { hint })
    return entry.right
  })
  return { entries: new Map(entries), length: rows.reduce((length, row) => length + Buffer.byteLength(row) + 1, 0) }
}

const hint = 'Remove the file: what it records is then computed again.'

const joined = (parts: readonly string[]): ReadonlyMap<string, unknown> => {
  const entries = new Map<string, unknown>()
  for (const file of parts)
    for (const [key, value] of parsed(textOf(file), file).entries) {
      const same = !entries.has(key) || JSON.stringify(entries.get(key)) === JSON.stringify(value)
      if (!same) throw wrongPart(file, `the ${key} of the other parts`, 'another one')
      entries.set(key, value)
    }
  return entries
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw wrongPart(file, 'the journal of a finished run', 'none that can be read', { cause })
  }
}

const wrongPart = (file: string, expected: string, actual: string, more: Partial<FileError> = {}): PwoaFailure =>
  new PwoaFailure({ _tag: 'FileError', stage: 'journal', file, expected, actual, ...more })
