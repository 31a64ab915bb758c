import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { RunOptions } from '../../dsl/pipeline/run.js'
import { codeOf } from '../../io/files/thrown.js'

/** Names of the files in a run folder. */
export const runFiles = {
  plan: 'plan.json',
  metrics: 'metrics.jsonl',
  events: 'events.jsonl',
  summary: 'summary.json',
  report: 'report.html',
  trace: 'trace.json',
  /** A folder, for TensorBoard's event files. */
  board: 'tensorboard',
} as const

/** The folder of a run, absolute: the one asked for, or `runs/<name>-<time>` in the working folder. */
export const chooseFolder = (name: string, { out, resume }: Pick<RunOptions, 'out' | 'resume'>, now: Date): string =>
  resolve(resume ?? out ?? unused(join('runs', `${fileName(name)}-${timeStamp(now)}`), 1))

/** A name with all characters that are unsafe in a file name replaced by `-`. */
export const fileName = (name: string): string =>
  name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+|-+$/g, '') || 'run'

/** The folder of a comparison's row, inside the comparison's. */
export const rowFolder = (label: string, index: number): string => `${index + 1}-${fileName(label)}`

/** The run folder of a sweep's point, inside the sweep's. */
export const pointFolder = (folder: string, key: string): string => join(folder, 'points', key)

/** The folder, or the first of `<folder>-2`, `<folder>-3`, … that is unused: two runs may start in the same second. */
const unused = (folder: string, attempt: number): string => {
  const candidate = attempt === 1 ? folder : `${folder}-${attempt}`
  return isFree(candidate) ? candidate : unused(folder, attempt + 1)
}

const isFree = (path: string): boolean => {
  try {
    readdirSync(path)
    return false
  } catch (thrown) {
    return codeOf(thrown) === 'ENOENT'
  }
}

const timeStamp = (now: Date): string => {
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map(two).join('')
  return `${date}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join('')}`
}
