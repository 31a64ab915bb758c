import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { PwoaFailure } from '../../dsl/errors.js'
import { codeOf } from '../../io/files/thrown.js'
import { withWriteError } from '../../io/files/writeWhole.js'

/** The lock file: the process that wrote it is using the run folder. */
export const lockName = 'run.lock'

/** The processes of other machines are not visible: a lock that was not renewed for this long counts as abandoned. */
const STALE_SECONDS = 60

const RENEW_SECONDS = 10

const holder = t.type({
  pid: t.number,
  /** When the process started, in the kernel's ticks: a later process with the same number is another one. */
  began: t.string,
  /** Where process numbers are comparable: the host, its boot, and the container. */
  machine: t.string,
  token: t.string,
})

type Holder = t.TypeOf<typeof holder>

/** A lock that is held. */
export interface FolderLock {
  readonly release: () => void
}

/**
 * Locks a run folder for this process. A second run, in this process or another, is refused. The lock of a process that
 * has crashed is taken over: at once on the same machine, on a shared folder after 60 s without renewal.
 *
 * @param stage the stage of the errors
 * @param lost called if another process has taken the lock, because this one did not renew it in time
 * @throws OptionError for a folder in use; WriteError
 */
export const lockFolder = (folder: string, stage: string, lost: (failure: PwoaFailure) => void): FolderLock => {
  const file = join(folder, lockName)
  const own: Holder = { pid: process.pid, began: beginningOf('self'), machine: machine(), token: randomUUID() }
  const text = `${JSON.stringify(own)}\n`
  take(file, text, own.token, stage)
  const mine = (): boolean => readHolder(file)?.token === own.token
  const timer = setInterval(() => {
    // A folder that can't be read for a moment is still held; another process's token means that it was taken.
    if (mine()) renew(file, text)
    else if (existsSync(file)) lost(inUse(folder, stage, readHolder(file)))
  }, 1000 * RENEW_SECONDS).unref()
  const release = (): void => {
    held.delete(release)
    clearInterval(timer)
    if (mine()) rmSync(file, { force: true })
  }
  held.add(release)
  return { release }
}

/** What releases the locks of this process. */
const held = new Set<() => void>()

/** Releases all locks of this process, which is about to end: nothing of what it runs comes to its own end. */
export const releaseLocks = (): void => {
  for (const release of held) release()
}

/** Whether a live process holds the folder. */
export const isFolderInUse = (folder: string): boolean => {
  const file = join(folder, lockName)
  return existsSync(file) && isHeld(file, readHolder(file), randomUUID())
}

const take = (file: string, text: string, token: string, stage: string): void => {
  for (;;) {
    try {
      writeFileSync(file, text, { flag: 'wx' })
      return
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') withWriteError(stage, file, () => fail(thrown))
      const found = readHolder(file)
      if (isHeld(file, found, token)) throw inUse(file.slice(0, -lockName.length - 1), stage, found)
      withWriteError(stage, file, () => putAside(file, found, token))
    }
  }
}

const fail = (thrown: unknown): never => {
  throw thrown
}

/** Moves a stale lock away. If a quicker process has replaced it by its own lock meanwhile, that lock is moved back. */
const putAside = (file: string, stale: Holder | undefined, token: string): void => {
  const aside = `${file}.${token}`
  try {
    renameSync(file, aside)
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return
    throw thrown
  }
  if (readHolder(aside)?.token === stale?.token) rmSync(aside, { force: true })
  else renameSync(aside, file)
}

const renew = (file: string, text: string): void => {
  try {
    writeFileSync(file, text, { flag: 'r+' })
  } catch {
    // The next attempt comes long before the lock counts as stale.
  }
}

const isHeld = (file: string, found: Holder | undefined, token: string): boolean => {
  if (found?.machine === machine() && existsSync('/proc/self/stat'))
    return beginningOf(String(found.pid)) === found.began
  return secondsSinceRenewed(file, token) < STALE_SECONDS
}

/** Seconds by the clock of the file system, which is the same for all machines that share it. */
const secondsSinceRenewed = (file: string, token: string): number => {
  const probe = `${file}.${token}.now`
  try {
    writeFileSync(probe, '')
    return (statSync(probe).mtimeMs - statSync(file).mtimeMs) / 1000
  } catch {
    return Number.POSITIVE_INFINITY
  } finally {
    rmSync(probe, { force: true })
  }
}

const readHolder = (file: string): Holder | undefined => {
  try {
    const decoded = holder.decode(JSON.parse(readFileSync(file, 'utf8')))
    return E.isRight(decoded) ? decoded.right : undefined
  } catch {
    return undefined
  }
}

/** Field 22 of `/proc/<pid>/stat`; empty if there is no such process, or no `/proc`. */
const beginningOf = (pid: string): string => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command's name comes in parentheses and may hold spaces.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

const machine = (): string => [hostname(), textOf(bootId), namespace()].join(' ')

const bootId = '/proc/sys/kernel/random/boot_id'

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

const namespace = (): string => {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

const inUse = (folder: string, stage: string, found: Holder | undefined): PwoaFailure =>
  new PwoaFailure({
    _tag: 'OptionError',
    stage,
    expected: 'a run folder that no other run is using',
    actual: `${folder}, in use by ${found ? `process ${found.pid} on ${found.machine.split(' ')[0]}` : 'another process'}`,
    hint: 'Wait for that run, or end it; the lock of a crashed run is taken over.',
  })
