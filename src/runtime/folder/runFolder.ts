import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { type PwoaFailure, rejectOption, valueOfTask } from '../../dsl/errors.js'
import type { RunOptions } from '../../dsl/run.js'
import { withWriteError, writeWhole } from '../../io/files/writeWhole.js'
import { type ReadCheckpoint, readNewest } from '../checkpoints/checkpointFolder.js'
import { type FolderLock, lockFolder, lockName } from './folderLock.js'
import { differenceOf, fileVersion, type Plan } from './plan.js'

/** Names of the files that every run folder has. */
export const runFiles = {
  plan: 'plan.json',
  metrics: 'metrics.jsonl',
  events: 'events.jsonl',
  summary: 'summary.json',
  report: 'report.html',
  page: 'page.json',
  trace: 'trace.json',
} as const

/** Where a run writes: the folder asked for, or `runs/<name>-<time>` in the working folder. Absolute. */
export const chooseFolder = (name: string, { out, resume }: Pick<RunOptions, 'out' | 'resume'>, now: Date): string =>
  resolve(resume ?? out ?? unused(join('runs', `${fileName(name)}-${timeStamp(now)}`), 1))

/** A name fit for a folder. */
export const fileName = (name: string): string =>
  name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|-+$/g, '') || 'run'

/** Two runs that start in the same second get a folder each. */
const unused = (folder: string, attempt: number): string => {
  const candidate = attempt === 1 ? folder : `${folder}-${attempt}`
  return entriesOf(candidate) === undefined ? candidate : unused(folder, attempt + 1)
}

const timeStamp = (now: Date): string => {
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map(two).join('')
  return `${date}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('')}`
}

/** Names in a folder; undefined where there is nothing of that name. */
const entriesOf = (folder: string): readonly string[] | undefined => {
  try {
    return readdirSync(folder)
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? undefined : ['a file']
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/**
 * Makes a new run's folder with its `plan.json`, so that a folder that can't be written to is found out before any
 * work. A folder with something in it is refused: a run never mixes with another. What a run left that never took a step
 * is nothing, and goes. The caller releases the lock.
 */
export const createRunFolder = async (folder: string, plan: object, lost: Lost): Promise<FolderLock> => {
  withWriteError('--out', folder, () => makeFolder(folder))
  checkEmpty(folder)
  const lock = lockFolder(folder, '--out', lost)
  return lockedOrReleased(lock, async () => {
    checkEmpty(folder)
    clear(folder, '--out')
    await writePlan(folder, plan, '--out')
    return lock
  })
}

const writePlan = async (folder: string, plan: object, stage: string): Promise<void> =>
  void (await valueOfTask(writeWhole(join(folder, runFiles.plan), `${JSON.stringify(plan, null, 2)}\n`, stage)))

/** Told where the folder turns out to be another process's. */
export type Lost = (failure: PwoaFailure) => void

const lockedOrReleased = async <A>(lock: FolderLock, act: () => Promise<A>): Promise<A> => {
  try {
    return await act()
  } catch (thrown) {
    lock.release()
    throw thrown
  }
}

const checkEmpty = (folder: string): void => {
  const entries = (entriesOf(folder) ?? []).filter((name) => !name.startsWith(lockName) && !halfWritten.test(name))
  if (entries.length === 0 || isUnbegun(folder)) return
  rejectOption('--out', 'a new or an empty folder', `${folder}, which has files in it`)
}

/** What a run folder may have before its first step. An empty file is nothing: what a step adds to it is a line. */
const isOpening = (folder: string, name: string): boolean =>
  opening.includes(name) || name.startsWith(lockName) || halfWritten.test(name) || isEmpty(join(folder, name))

const opening: readonly string[] = [runFiles.plan, runFiles.events, runFiles.page, runFiles.trace]

const isEmpty = (path: string): boolean => {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() ? readdirSync(path).length === 0 : found?.size === 0
}

/** Whether the run of a folder never took a step: nothing was trained, evaluated or written. */
const isUnbegun = (folder: string): boolean =>
  isRunFolder(folder) && (entriesOf(folder) ?? []).every((name) => isOpening(folder, name))

/** Takes away what a crash cut short, and what a run left that never took a step. */
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
    // On a read-only file system Node's recursive mkdir says ENOENT; asking for access tells the reason.
    accessSync(nearestExisting(dirname(folder)), constants.W_OK)
    throw thrown
  }
}

const nearestExisting = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path))

/** An earlier run's folder, opened again: what it left, and the lock, which the caller releases. */
export interface Reopened {
  readonly lock: FolderLock
  /** Undefined where the run got to no checkpoint. */
  readonly read: ReadCheckpoint | undefined
}

/**
 * Checks that a run folder is one of this very plan and nobody else's now, and reads its newest whole checkpoint. One
 * in which no step was ever taken may be of another plan: the run begins there.
 */
export const reopenRunFolder = async (folder: string, plan: Plan, lost: Lost): Promise<Reopened> => {
  if (!isUnbegun(folder)) checkSamePlan(folder, plan)
  const lock = lockFolder(folder, '--resume', lost)
  return lockedOrReleased(lock, async () => {
    if (isUnbegun(folder)) {
      clear(folder, '--resume')
      await writePlan(folder, plan, '--resume')
      return { lock, read: undefined }
    }
    checkSamePlan(folder, plan)
    removeHalfWritten(folder, '--resume')
    const read = await readNewest(folder)
    if (read && read.checkpoint.planHash !== plan.hash)
      rejectOption('--resume', 'the checkpoint of this plan', 'that of another one')
    return { lock, read }
  })
}

/** What `writeWhole` leaves where a crash cuts it short. */
const halfWritten = /\.[0-9a-f-]{36}\.tmp$/

const removeHalfWritten = (folder: string, stage: string): void => {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    if (halfWritten.test(name)) withWriteError(stage, folder, () => rmSync(join(folder, name), { force: true }))
}

/** Throws an `OptionError` that names the first difference, where a run folder is not one of this very plan. */
export const checkSamePlan = (folder: string, plan: Plan): void => {
  const difference = differenceOf(plan, readPlan(folder, '--resume'))
  if (difference) rejectOption('--resume', difference.expected, difference.actual)
}

const storedPlan = t.intersection([
  t.type({
    pipeline: t.string,
    params: t.UnknownRecord,
    seed: t.number,
    source: t.type({ name: t.string, batchSize: t.number, config: t.UnknownRecord }),
    stages: t.array(t.type({ stage: t.string, config: t.UnknownRecord })),
    contents: t.array(t.string),
    hash: t.string,
  }),
  t.exact(t.partial({ fileVersion: t.string })),
])

/** Whether a folder is one of a single run. */
export const isRunFolder = (folder: string): boolean => storedPlan.is(readJson(join(folder, runFiles.plan)))

/** The plan of a run folder. Throws an `OptionError` of `stage` where the folder is none. */
export const readPlan = (folder: string, stage: string): Plan => {
  const decoded = storedPlan.decode(readJson(join(folder, runFiles.plan)))
  return E.isRight(decoded) ? decoded.right : rejectOption(stage, `a run folder, with a ${runFiles.plan}`, folder)
}

/** Whether a folder's run is known to have been begun by another version of the file that the pipeline comes from. */
export const isOfOtherVersion = (folder: string, pipeline: object): boolean => {
  const decoded = storedPlan.decode(readJson(join(folder, runFiles.plan)))
  const found = E.isRight(decoded) ? decoded.right.fileVersion : undefined
  const version = fileVersion(pipeline)
  return found !== undefined && version !== undefined && found !== version
}

/** The parsed contents of a JSON file; undefined where it is missing or no JSON. */
export const readJson = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
