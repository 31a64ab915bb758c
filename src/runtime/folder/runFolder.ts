import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PwoaFailure, rejectOption, valueOfTask } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { nearestExisting } from '../../io/files/folders.js'
import { withWriteError, writeWhole } from '../../io/files/writeWhole.js'
import { type ReadCheckpoint, readNewest } from '../checkpoints/checkpointFolder.js'
import { shortPath } from '../host/shortPath.js'
import { type FolderLock, lockFolder, lockName } from './folderLock.js'
import { runFiles } from './folderNames.js'
import { differenceOf, type Plan } from './plan.js'
import { hasPlan, isRunFolder, readPlan } from './planFile.js'

/** Called if another process has taken over the folder. */
export type Lost = (failure: PwoaFailure) => void

/**
 * Creates the folder of a new run with its `plan.json`, so that a folder that can't be written to is noticed before any
 * work. A folder with files in it is refused: two runs never mix. Files of a run that took no step are removed. The
 * caller releases the lock.
 *
 * @throws OptionError for a folder with files in it, or in use; WriteError
 */
export const createRunFolder = async (folder: string, plan: object, lost: Lost): Promise<FolderLock> => {
  withWriteError('out', folder, () => makeFolder(folder))
  checkEmpty(folder)
  const lock = lockFolder(folder, 'out', lost)
  return lockedOrReleased(lock, async () => {
    checkEmpty(folder)
    clear(folder, 'out')
    await writePlan(folder, plan, 'out')
    return lock
  })
}

const writePlan = async (folder: string, plan: object, stage: string): Promise<void> =>
  void (await valueOfTask(writeWhole(join(folder, runFiles.plan), `${JSON.stringify(plan, null, 2)}\n`, stage)))

const lockedOrReleased = async <A>(lock: FolderLock, act: () => Promise<A>): Promise<A> => {
  try {
    return await act()
  } catch (thrown) {
    lock.release()
    throw thrown
  }
}

const checkEmpty = (folder: string): void => {
  const all = withWriteError('out', folder, () => readdirSync(folder))
  const names = all.filter((name) => !name.startsWith(lockName) && !halfWritten.test(name))
  if (names.length === 0 || isUnbegun(folder)) return
  const unfinished = hasPlan(folder) && !names.includes(runFiles.summary)
  throw new PwoaFailure({
    _tag: 'OptionError',
    stage: 'out',
    expected: 'a new or an empty folder',
    actual: `${folder}, which has files in it`,
    ...given({
      hint: unfinished
        ? `To continue the run in it, take the option resume: ${JSON.stringify(shortPath(folder))}.`
        : undefined,
    }),
  })
}

/** Whether a run folder may contain this file before the first step. Empty files may be there: a step adds lines. */
const isOpening = (folder: string, name: string): boolean =>
  opening.includes(name) || name.startsWith(lockName) || halfWritten.test(name) || isEmpty(join(folder, name))

const opening: readonly string[] = [runFiles.plan, runFiles.events, runFiles.trace]

const isEmpty = (path: string): boolean => {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() ? readdirSync(path).length === 0 : found?.size === 0
}

/** Whether the run of a folder never took a step: nothing was trained, evaluated or written. */
const isUnbegun = (folder: string): boolean =>
  isRunFolder(folder) && readdirSync(folder).every((name) => isOpening(folder, name))

/** Removes half-written files, and all files of a run that took no step. */
const clear = (folder: string, stage: string): void => {
  removeHalfWritten(folder, stage)
  const left = isUnbegun(folder) ? readdirSync(folder).filter((name) => !name.startsWith(lockName)) : []
  for (const name of left)
    withWriteError(stage, folder, () => rmSync(join(folder, name), { recursive: true, force: true }))
}

const makeFolder = (folder: string): void => {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (thrown) {
    // On a read-only file system Node's recursive mkdir reports ENOENT; asking for access gives the reason.
    accessSync(nearestExisting(dirname(folder)), constants.W_OK)
    throw thrown
  }
}

/** The folder of an earlier run, opened again, and its lock, which the caller releases. */
export interface Reopened {
  readonly lock: FolderLock
  /** Undefined if the run wrote no checkpoint. */
  readonly read: ReadCheckpoint | undefined
}

/**
 * Opens the folder of an earlier run of this plan, and reads its newest intact checkpoint. A folder whose run took no step
 * may be of another plan: the run starts anew there.
 *
 * @throws OptionError for another plan, or a folder in use; FileError for a damaged plan, or if all checkpoints are damaged
 */
export const reopenRunFolder = async (folder: string, plan: Plan, lost: Lost): Promise<Reopened> => {
  if (!isUnbegun(folder)) checkSamePlan(folder, plan)
  const lock = lockFolder(folder, 'resume', lost)
  return lockedOrReleased(lock, async () => {
    if (isUnbegun(folder)) {
      clear(folder, 'resume')
      await writePlan(folder, plan, 'resume')
      return { lock, read: undefined }
    }
    checkSamePlan(folder, plan)
    removeHalfWritten(folder, 'resume')
    const read = await readNewest(folder)
    if (read && read.checkpoint.planHash !== plan.hash)
      rejectOption('resume', 'the checkpoint of this plan', 'that of another one')
    return { lock, read }
  })
}

/** What `writeWhole` leaves if a crash cuts it short. */
const halfWritten = /\.[0-9a-f-]{36}\.tmp$/

const removeHalfWritten = (folder: string, stage: string): void => {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (halfWritten.test(name)) withWriteError(stage, folder, () => rmSync(join(folder, name), { force: true }))
}

/**
 * Checks that a run folder is of this plan.
 *
 * @throws OptionError that names the first differences; FileError for a plan that is damaged or was edited
 */
export const checkSamePlan = (folder: string, plan: Plan): void => {
  const difference = differenceOf(plan, readPlan(folder, 'resume'))
  if (!difference) return
  const { edited, ...words } = difference
  if (!edited) rejectOption('resume', words.expected, words.actual)
  throw new PwoaFailure({
    _tag: 'FileError',
    stage: 'resume',
    file: join(folder, runFiles.plan),
    ...words,
    hint: 'It was edited after the run had begun. Put it back as it was, or start anew in another folder.',
  })
}
