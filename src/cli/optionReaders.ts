import { PwoaFailure, type UsageError } from '../dsl/errors.js'
import type { CheckpointOptions, RunOptions } from '../dsl/run.js'

/** Wrong usage, to be thrown. */
export const failure = (error: Omit<UsageError, '_tag'>): PwoaFailure =>
  new PwoaFailure({ _tag: 'UsageError', ...error })

type Values = Readonly<Record<string, string>>

/** Reads `key=value`. */
export const assignment = (text: string, earlier: Values = {}): Values => {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined)
    throw failure({ stage: '--set', expected: 'key=value', actual: `"${text}"` })
  return { ...earlier, [key]: value }
}

const engines: readonly NonNullable<RunOptions['engine']>[] = ['auto', 'tensorflow', 'wasm']

/** Reads the name of an engine. */
export const engineOf = (text: string): NonNullable<RunOptions['engine']> => {
  const engine = engines.find((known) => known === text)
  if (engine === undefined)
    throw failure({ stage: '--engine', expected: `one of ${engines.join(', ')}`, actual: `"${text}"` })
  return engine
}

/** Reads a seed. */
export const seedOf = (text: string): number => {
  const seed = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (seed < 2 ** 32) return seed
  throw failure({ stage: '--seed', expected: 'a whole number from 0 to 4294967295', actual: `"${text}"` })
}

/** Reads steps (`500`) or seconds (`30s`). */
export const intervalOf = (text: string): CheckpointOptions => {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(s?)$/.exec(text) ?? []
  const value = Number(number)
  if (unit === 's' && value > 0) return { everySeconds: value }
  if (unit === '' && Number.isSafeInteger(value) && value > 0) return { everySteps: value }
  throw failure({ stage: '--checkpoint-every', expected: 'steps (500) or seconds (30s)', actual: `"${text}"` })
}

/** Reads a folder of this machine: only workers keep runs in a bucket. */
export const folderOf =
  (stage: string) =>
  (text: string): string => {
    if (!/^\w+:\/\//.test(text)) return text
    const hint = "Runs of a queue's workers can be kept in one: pwoa-run worker --runs s3://bucket/prefix"
    throw failure({ stage, expected: 'a folder', actual: `${/^\w+/.exec(text)?.[0]}://…`, hint })
  }

/** Reads a whole number, at least 1. */
export const countOf =
  (stage: string) =>
  (text: string): number => {
    const count = /^\d+$/.test(text) ? Number(text) : 0
    if (count >= 1) return count
    throw failure({ stage, expected: 'a whole number >= 1', actual: `"${text}"` })
  }
