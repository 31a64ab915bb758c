import { access, constants, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import type { FileError, PwoaError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { type Place, refuse, toFileError } from './refusal.js'
import { codeOf } from './thrown.js'

const PROBLEMS: Readonly<Record<string, readonly [actual: string, hint?: string]>> = {
  ENOENT: ['no such file', 'Check the path; a relative one starts at the current folder.'],
  ENOTDIR: ['a path through something that is not a folder', 'Check the path.'],
  EACCES: ['no permission to read it', 'Change its permissions, or read a copy.'],
  EPERM: ['no permission to read it', 'Change its permissions, or read a copy.'],
  EISDIR: ['a folder', 'Name a file in it.'],
  ELOOP: ['a circle of links'],
  ENAMETOOLONG: ['a path that is too long'],
}

const check = async (file: string, mostBytes: number): Promise<void> => {
  const facts = await stat(file)
  if (facts.isDirectory()) return refuse('a file', 'a folder', 'Name a file in it.')
  if (!facts.isFile()) return refuse('a file', 'a device or a pipe')
  if (facts.size === 0) return refuse('a file with contents', 'an empty file')
  if (facts.size > mostBytes) return refuse(`a file of at most ${mostBytes} bytes`, `${facts.size} bytes`)
}

const read = async (file: string, mostBytes: number): Promise<Uint8Array> => {
  await check(file, mostBytes)
  return readFile(file)
}

/**
 * Checks that `readWhole` could read a file, without reading it.
 *
 * @returns a FileError if the file is missing, a folder, unreadable or empty
 */
export const checkReadable = (place: Place): TE.TaskEither<PwoaError, void> =>
  TE.tryCatch(
    async () => {
      await check(place.file, Number.POSITIVE_INFINITY)
      await access(place.file, constants.R_OK)
    },
    (thrown): PwoaError => toReadError(place, thrown) ?? toFileError(place, thrown),
  )

/**
 * Reads a whole file.
 *
 * @param mostBytes at most 2³¹ − 1, the most that Node reads at once
 * @returns the bytes, or a FileError if the file is missing, a folder, unreadable, empty or larger than `mostBytes`; the
 * size is checked before anything is read
 */
export const readWhole = (place: Place, mostBytes: number): TE.TaskEither<PwoaError, Uint8Array> =>
  TE.tryCatch(
    () => read(place.file, mostBytes),
    (thrown): PwoaError => toReadError(place, thrown) ?? toFileError(place, thrown),
  )

/** A failed read as data: what the system's error code means, in words; undefined if it means nothing here. */
export const toReadError = (place: Place, thrown: unknown): FileError | undefined => {
  const problem = PROBLEMS[codeOf(thrown)]
  if (problem === undefined) return undefined
  const [actual, hint] = problem
  return { _tag: 'FileError', ...place, expected: 'a readable file', actual, ...given({ hint }), cause: thrown }
}

/** Whether there is a file or folder of that path. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** The path of the first of these names that is in the folder; undefined if none of them is. */
export const firstOf = async (folder: string, names: readonly string[]): Promise<string | undefined> => {
  for (const name of names) {
    const path = join(folder, name)
    if (await exists(path)) return path
  }
  return undefined
}
