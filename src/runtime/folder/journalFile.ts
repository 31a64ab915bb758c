import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Journal } from '../../dsl/context.js'
import { type FileError, PwoaFailure } from '../../dsl/errors.js'
import { drawnJson } from '../../dsl/kit/drawn.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { sha256Of } from '../../io/files/hash.js'
import { withWriteError } from '../../io/files/writeWhole.js'
import { appendOrUndo } from './appendOrUndo.js'

/** A line: key, value, and the seal of the file up to here. */
const Entry = t.tuple([t.string, t.unknown, t.string])

/**
 * The seal of a line, hexadecimal digits that follow from all lines up to it: one that was edited, removed or moved does
 * not fit those after it, and its figures don't pass as measured.
 *
 * @param before the seal of the line before; empty for the first
 */
const sealOf = (before: string, key: string, value: unknown): string =>
  sha256Of(`${before}${JSON.stringify([key, value])}`).slice(0, 16)

/**
 * A journal as a file: one line `["key", value, "seal"]` for each entry, on the disk before `add` returns. A line that a
 * crash cut short is removed.
 *
 * @param parts journals of other, finished runs: their entries count as entries of this one
 * @throws WriteError; FileError for a line that is damaged or was edited, and for a part that is missing or that contradicts another one
 */
export const openJournal = (file: string, parts: readonly string[] = []): Journal & { readonly close: () => void } => {
  const earlier = joined(parts)
  const descriptor = withWriteError('journal', file, () => openSync(file, 'a+'))
  const text = withWriteError('journal', file, () => readFileSync(descriptor, 'utf8'))
  const { entries: own, length: whole, seal: last } = parsed(text, file)
  const entries = new Map([...earlier, ...own])
  let length = whole
  let seal = last
  withWriteError('journal', file, () => ftruncateSync(descriptor, length))

  return {
    entries,
    add: (key, value) => {
      const next = sealOf(seal, key, value)
      const bytes = Buffer.from(`${JSON.stringify([key, value, next])}\n`)
      withWriteError('journal', file, () => appendOrUndo(descriptor, bytes, length, fsyncSync))
      seal = next
      entries.set(key, value)
      length += bytes.length
    },
    close: () => closeSync(descriptor),
  }
}

/** What the lines of a journal hold that have an end. */
interface Parsed {
  readonly entries: ReadonlyMap<string, unknown>
  /** In bytes. */
  readonly length: number
  /** Of the last line; empty if the file has no lines. */
  readonly seal: string
}

const parsed = (text: string, file: string): Parsed => {
  const rows = text.split('\n').slice(0, -1)
  const entries = new Map<string, unknown>()
  let seal = ''
  for (const [index, row] of rows.entries()) {
    const entry = Entry.decode(parseJson(row))
    if (E.isLeft(entry))
      throw wrongPart(file, `an entry ["key", value, "seal"] in line ${index + 1}`, drawnJson(row), { hint })
    const [key, value, found] = entry.right
    seal = sealOf(seal, key, value)
    if (seal !== found)
      throw wrongPart(
        file,
        `the entry that was written, in line ${index + 1}`,
        'an edited one, or one before it is missing',
        { hint },
      )
    entries.set(key, value)
  }
  return { entries, length: rows.reduce((length, row) => length + Buffer.byteLength(row) + 1, 0), seal }
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
