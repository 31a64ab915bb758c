import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Journal } from '../../dsl/context.js'
import { PwoaFailure } from '../../dsl/errors.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { withWriteError } from '../../io/files/writeWhole.js'

const line = t.tuple([t.string, t.unknown])

/**
 * A journal as a file: a line `["key", value]` an entry, each on the disk before `add` returns. What follows the last
 * whole line was cut short by a crash, and is dropped.
 *
 * @param parts journals of other runs, which are done: their entries count as this one's
 * @throws WriteError; FileError for a part that is not there, or that says something else than another one
 */
export const openJournal = (file: string, parts: readonly string[] = []): Journal & { readonly close: () => void } => {
  const given = joined(parts)
  const descriptor = withWriteError('journal', file, () => openSync(file, 'a+'))
  const text = withWriteError('journal', file, () => readFileSync(descriptor, 'utf8'))
  const { entries: own, whole } = parsed(text)
  const entries = new Map([...given, ...own])
  let length = whole
  withWriteError('journal', file, () => ftruncateSync(descriptor, length))

  return {
    entries,
    add: (key, value) => {
      const bytes = Buffer.from(`${JSON.stringify([key, value])}\n`)
      withWriteError('journal', file, () => appendOrUndo(descriptor, bytes, length))
      entries.set(key, value)
      length += bytes.length
    },
    close: () => closeSync(descriptor),
  }
}

/** The entries of the lines up to the first that is none, and how many bytes those have. */
const parsed = (text: string): { readonly entries: Map<string, unknown>; readonly whole: number } => {
  const entries = new Map<string, unknown>()
  let whole = 0
  for (const row of text.split('\n').slice(0, -1)) {
    const entry = line.decode(parseJson(row))
    if (E.isLeft(entry)) break
    entries.set(...entry.right)
    whole += Buffer.byteLength(row) + 1
  }
  return { entries, whole }
}

const joined = (parts: readonly string[]): ReadonlyMap<string, unknown> => {
  const entries = new Map<string, unknown>()
  for (const file of parts)
    for (const [key, value] of parsed(textOf(file)).entries) {
      const same = !entries.has(key) || JSON.stringify(entries.get(key)) === JSON.stringify(value)
      if (!same) throw unfit(file, `the ${key} of the other parts`, 'another one')
      entries.set(key, value)
    }
  return entries
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw unfit(file, 'the journal of a run that is done', 'none that can be read', cause)
  }
}

const unfit = (file: string, expected: string, actual: string, cause?: unknown): PwoaFailure =>
  new PwoaFailure({ _tag: 'FileError', stage: 'journal', file, expected, actual, cause })

/** A full disk takes a part of the bytes: that part must not stay as half a line. */
const appendOrUndo = (descriptor: number, bytes: Buffer, length: number): void => {
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done)
    fsyncSync(descriptor)
  } catch (error) {
    ftruncateSync(descriptor, length)
    throw error
  }
}
