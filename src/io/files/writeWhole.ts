import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { type PwoaError, PwoaFailure, type WriteError } from '../../dsl/errors.js'

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
 * A failed write as data: what the system's error code means, in words.
 *
 * @param thrown what the system threw; only its `code` counts
 */
export const toWriteError = (file: string, stage: string, thrown: unknown): WriteError => {
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  const problem = PROBLEMS[code]
  const [actual, hint] = problem ?? [thrown instanceof Error ? thrown.message : String(thrown), undefined]
  return {
    _tag: 'WriteError',
    stage,
    file,
    expected: 'to write the file',
    actual,
    ...(hint === undefined ? {} : { hint }),
    cause: thrown,
  }
}

/**
 * Writes a file whole: into a temporary file beside it, which then takes its name. A reader, or a crash, sees the old
 * contents or the new, never a part. Creates the folders above it.
 *
 * Errors: a `WriteError` that says what is in the way: a full disk, a read-only folder.
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
 * On the disk to the last byte. In one call, as long as the system takes all of it: `writeFile` asks once for each half
 * megabyte, and between two steps of a large network there is time for one answer. A nearly full disk takes a part.
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

/** Runs something that writes `file`; what it throws becomes a `WriteError`. */
export const withWriteError = <A>(stage: string, file: string, write: () => A): A => {
  try {
    return write()
  } catch (thrown) {
    throw new PwoaFailure(toWriteError(file, stage, thrown))
  }
}
