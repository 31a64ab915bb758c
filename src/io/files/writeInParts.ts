import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmdirSync, rmSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { withWriteError } from './writeWhole.js'

/** Appends bytes to a file that is being written. */
export type Append = (bytes: Uint8Array) => void

/** Bytes that are held at most before they go to the disk, apart from those of the last part. */
const MOST_HELD = 2 ** 20

/**
 * Writes a file of any length in bounded memory, atomically as `writeWhole` does: to a temporary file in the same folder,
 * which is renamed at the end. Creates missing folders when the first bytes are written. If anything fails, the temporary
 * file and the folders that it created are removed.
 *
 * @param make appends the contents, and returns the name of the file in the folder
 * @returns the path of the file
 * @throws PwoaFailure with a WriteError if the system can't write; anything that `make` throws
 */
export const writeInParts = async (
  folder: string,
  stage: string,
  make: (append: Append) => Promise<string>,
): Promise<string> => {
  const temporary = openPart(resolve(folder), stage)
  try {
    const path = join(folder, await make(temporary.append))
    temporary.finish(path)
    return path
  } catch (thrown) {
    temporary.discard()
    throw thrown
  }
}

/** A temporary file. It is created with its folders when the first bytes are written. */
const openPart = (folder: string, stage: string) => {
  const path = join(folder, `part.${randomUUID()}.tmp`)
  const parts: Uint8Array[] = []
  let held = 0
  let file: number | undefined
  let isThere = false
  let firstMade: string | undefined

  const opened = (): number => {
    if (file !== undefined) return file
    firstMade = mkdirSync(folder, { recursive: true })
    file = openSync(path, 'wx')
    isThere = true
    return file
  }
  const flush = (): number => {
    const to = opened()
    const bytes = Buffer.concat(parts.splice(0))
    held = 0
    for (let written = 0; written < bytes.length; ) written += writeSync(to, bytes, written)
    return to
  }
  const close = (): void => {
    if (file !== undefined) closeSync(file)
    file = undefined
  }
  return {
    append: (bytes: Uint8Array): void => {
      parts.push(bytes)
      held += bytes.length
      if (held >= MOST_HELD) withWriteError(stage, folder, flush)
    },
    finish: (target: string): void =>
      withWriteError(stage, target, () => {
        fsyncSync(flush())
        close()
        renameSync(path, target)
      }),
    discard: (): void => {
      close()
      if (isThere) rmSync(path, { force: true })
      if (firstMade !== undefined) removeEmpty(folder, resolve(firstMade))
    },
  }
}

/** Removes a folder and those above it up to `last`, as long as they are empty. */
const removeEmpty = (folder: string, last: string): void => {
  try {
    rmdirSync(folder)
    if (folder !== last) removeEmpty(dirname(folder), last)
  } catch {
    // Something else lies there by now.
  }
}
