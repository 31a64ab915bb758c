import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withWriteError } from '../../io/files/writeWhole.js'
import { isFolderInUse, lockFolder, lockName } from '../folder/folderLock.js'

/** A folder of this process, for runs that are kept elsewhere. */
export interface Scratch {
  readonly folder: string
  /** Removes it with all that is in it. */
  readonly remove: () => void
}

const start = 'pwoa-worker-'

/**
 * Makes one in the system's temporary folder (`TMPDIR`), and removes those that killed workers have left there.
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

/** One without a lock is about to get one. Another user's is that user's business. */
const removeAbandoned = (folder: string): void => {
  try {
    if (!readdirSync(folder).includes(lockName) || isFolderInUse(folder)) return
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // The next worker tries again.
  }
}
