import type { RunOptions } from '../dsl/run.js'

/** What the command line asks for, checked. */
export interface Invocation {
  readonly file: string
  readonly task: 'run' | 'plan' | 'help'
  /** The texts of `--set`. */
  readonly values: Readonly<Record<string, string>>
  readonly options: RunOptions
  /** How the points of a sweep are run; undefined where nothing was asked for. */
  readonly workers: number | undefined
  readonly attempts: number | undefined
  readonly output: 'table' | 'json'
  readonly volume: 'normal' | 'quiet'
}
