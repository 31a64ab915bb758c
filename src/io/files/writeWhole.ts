import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type PwoaError, PwoaFailure, type WriteError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { codeOf, messageOf } from './thrown.js'

const PROBLEMS: Readonly<Record<string, readonly [actual: string, hint: string]>> = {
  ENOSPC: ['a full disk', 'Free some space, or choose another folder.'],
  EDQUOT: ['a used-up disk quota', 'Free some space, or choose another folder.'],
  EROFS: ['a read-only file system', 'Choose another folder.'],
  EACCES: ['no permission to write there', 'Choose another folder, or change its permissions.'],
  EPERM: ['no permission to write there', 'Choose another folder, or change its permissions.'],
  EISDIR: ['a folder of that name', 'Choose another name.'],
  ENOTDIR: ['a file where the path needs a folder', 'Choose another folder.'],
  EEXIST: ['a file where the path needs a folder', 'Choose another folder.'],
  EMFILE: ['too many open files', 'Raise the limit of open files (ulimit -n).'],
  ENAMETOOLONG: ['a name that is too long', 'Choose a shorter one.'],
}

/**
 * A failed write as data, with the meaning of the system's error code in words.
 *
 * @param thrown what the system threw: its `code` decides, or its message if the code is not a known one
 */
export const toWriteError = (file: string, stage: string, thrown: unknown): WriteError => {
  const [actual, hint] = PROBLEMS[codeOf(thrown)] ?? [messageOf(thrown), undefined]
  return { _tag: 'WriteError', stage, file, expected: 'to write the file', actual, ...given({ hint }), cause: thrown }
}

/**
 * Writes a file atomically: to a temporary file in the same folder, which is then renamed. A reader finds the old
 * contents or the new ones, never a part, even after a crash. Creates missing folders.
 *
 * @returns nothing, or a WriteError with the reason: a full disk, a read-only folder
 */
export const writeWhole = (
  path: string,
  contents: Uint8Array | string,
  stage: string,
): TE.TaskEither<PwoaError, void> =>
  TE.tryCatch(
    async () => {
      await mkdir(dirname(path), { recursive: true })
      const temporary = `${path}.${randomUUID()}.tmp`
      try {
        await writeAll(temporary, contents)
        await rename(temporary, path)
      } catch (thrown) {
        await rm(temporary, { force: true })
        throw thrown
      }
    },
    (thrown): PwoaError => toWriteError(path, stage, thrown),
  )

/**
 * Writes all bytes and waits until they are on the disk. One system call suffices unless the system writes only a part,
 * as on a nearly full disk. `writeFile` makes one call per half megabyte, and each waits for the event loop, which turns
 * only between two training steps.
 */
const writeAll = async (path: string, contents: Uint8Array | string): Promise<void> => {
  const bytes = typeof contents === 'string' ? Buffer.from(contents) : contents
  const file = await open(path, 'wx')
  try {
    for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written)).bytesWritten
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Runs something that writes `file`.
 *
 * @throws PwoaFailure with a WriteError for whatever it throws
 */
export const withWriteError = <A>(stage: string, file: string, write: () => A): A => {
  try {
    return write()
  } catch (thrown) {
    throw new PwoaFailure(toWriteError(file, stage, thrown))
  }
}
