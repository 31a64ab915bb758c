import { readdirSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { codeOf } from '../../io/files/thrown.js'
import { runFiles } from '../folder/folderNames.js'

/** Files that are not kept: locks, half-written and damaged ones. */
const passing = /(^|\/)run\.lock|\.tmp$|\.damaged$/

const checkpoint = /^checkpoints\/step-(\d+)\.safetensors$/

const journal = /\.journal\.jsonl$/

/** The files of a run folder, by their paths in it, with slashes. */
export const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile())
    .map((name) => name.split(sep).join('/'))
    .filter((path) => !passing.test(path))

/** The progress of a run that is under way, and the files to save. */
export interface Progress {
  /** Step of the newest checkpoint; 0 for none. */
  readonly step: number
  /** Path of that checkpoint. */
  readonly checkpoint: string | undefined
  /** Bytes in the journals of its evaluations. */
  readonly evaluated: number
  /**
   * The newest checkpoint, then the other files. They only grow, so that all that the checkpoint refers to is in them if
   * they are read after it.
   */
  readonly files: readonly string[]
}

/** Reads the progress from a run folder that a process is writing to. */
export const progressIn = (folder: string): Progress => {
  const files = filesOf(folder)
  const steps = files.flatMap((path) => (checkpoint.exec(path)?.[1] === undefined ? [] : [path])).sort(byLength)
  const newest = steps.at(-1)
  return {
    step: Number(checkpoint.exec(newest ?? '')?.[1] ?? 0),
    checkpoint: newest,
    evaluated: files.filter((path) => journal.test(path)).reduce((sum, path) => sum + sizeOf(join(folder, path)), 0),
    files: [...(newest === undefined ? [] : [newest]), ...files.filter((path) => !checkpoint.test(path))],
  }
}

/** The names' numbers have eight digits or more. */
const byLength = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : 1)

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/** Whether a file is read by a run that joins this one. */
export const isForJoins = (path: string): boolean => path === 'summary.json' || journal.test(path)

/** Whether a file records what a run has done so far. */
export const isRecord = (path: string): boolean =>
  [runFiles.plan, runFiles.metrics, runFiles.events, runFiles.summary].some((name) => name === path)

/** The bytes of a file; undefined if the run has removed it meanwhile. */
export const readFileOf = async (folder: string, path: string): Promise<Uint8Array | undefined> => {
  try {
    return await readFile(join(folder, path))
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined
    throw thrown
  }
}

/** Whether a path from a store is inside the run folder. */
export const isInside = (path: string): boolean =>
  !/[\\\0]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
