import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { quoted, refuse } from './refusal.js'
import { codeOf } from './thrown.js'

/** A file that another file names, after the check. */
export interface NamedFile {
  /** Absolute, links resolved. */
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/** The largest file that a name may lead to, in bytes: as large as a checkpoint may be. */
export const MOST_NAMED_BYTES = 2 ** 31 - 1

/**
 * The file that a name inside another file stands for. Files come from strangers: none may make its reader open
 * something outside of its own folder, or something that blocks or never ends.
 *
 * @param file path of the file that holds the name
 * @param name as it is written there
 * @param what the named file is needed for, for the error: `tensor "w"`
 * @param mostBytes the largest size
 * @throws Refusal unless the name leads to a regular file of at most `mostBytes`, inside the folder of `file` before and
 * after links are resolved
 */
export const namedFile = (file: string, name: string, what: string, mostBytes = MOST_NAMED_BYTES): NamedFile => {
  const expected = `a file in the same folder for ${what}`
  const folder = dirname(resolve(file))
  if (name === '' || isOutside(folder, resolve(folder, name))) return refuse(expected, quoted(name))
  const path = resolved(resolve(folder, name)) ?? refuse(expected, `no ${quoted(name)} there`)
  if (isOutside(realpathSync(folder), path)) return refuse(expected, `${quoted(name)}, a link that leads elsewhere`)
  const facts = statSync(path)
  if (!facts.isFile())
    return refuse(expected, `${quoted(name)}, ${facts.isDirectory() ? 'a folder' : 'a device or a pipe'}`)
  if (facts.size > mostBytes) return refuse(`${expected} of at most ${mostBytes} bytes`, `${facts.size} bytes`)
  return { path, size: facts.size }
}

const isOutside = (folder: string, path: string): boolean => {
  const steps = relative(folder, path)
  return steps === '' || steps === '..' || steps.startsWith(`..${sep}`) || isAbsolute(steps)
}

const resolved = (path: string): string | undefined => {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** A file may be exchanged after its check: a link is not followed then, and a pipe does not block. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/**
 * Some bytes of a named file.
 *
 * @param what they are needed for, for the error
 * @throws Refusal if they are not all in the file
 */
export const readNamed = ({ path, size }: NamedFile, offset: number, length: number, what: string): Uint8Array => {
  const asked = `bytes ${offset} to ${offset + length} of ${quoted(basename(path))} for ${what}`
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) return refuse(asked, `${size} bytes`)
  const descriptor = opened(path) ?? refuse(asked, 'a file that was exchanged or can not be read')
  try {
    if (!fstatSync(descriptor).isFile()) refuse(asked, 'a device or a pipe')
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const read = readSync(descriptor, bytes, done, length - done, offset + done)
      if (read === 0) return refuse(asked, `${done} bytes`)
      done += read
    }
    return bytes
  } finally {
    closeSync(descriptor)
  }
}

const opened = (path: string): number | undefined => {
  try {
    return openSync(path, FLAGS)
  } catch (thrown) {
    if (codeOf(thrown) === '') throw thrown
    return undefined
  }
}
