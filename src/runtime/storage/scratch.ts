import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withWriteError } from '../../io/files/writeWhole.js'
import { isFolderInUse, lockFolder, lockName } from '../folder/folderLock.js'

/** A temporary folder of this process, for runs that are stored elsewhere. */
export interface Scratch {
  /** Absolute. */
  readonly folder: string
  /** Removes the folder with its contents. */
  readonly remove: () => void
}

const start = 'pwoa-worker-'

/**
 * Creates one in the system's temporary folder (`TMPDIR`), and removes those that killed workers have left there.
 *
 * @throws WriteError
 */
export const makeScratch = (): Scratch => {
  const parent = tmpdir()
  for (const name of readdirSync(parent)) if (name.startsWith(start)) removeAbandoned(join(parent, name))
  const folder = withWriteError('worker', parent, () => mkdtempSync(join(parent, start)))
  const lock = lockFolder(folder, 'worker', () => undefined)
  return {
    folder,
    remove: () => {
      lock.release()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Removes a folder unless it is in use. A folder without a lock is about to get one. Those of other users stay. */
const removeAbandoned = (folder: string): void => {
  try {
    if (!readdirSync(folder).includes(lockName) || isFolderInUse(folder)) return
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // The next worker tries again.
  }
}
