import type { RunOptions } from '../dsl/run.js'
import type { Address } from './word.js'

/** What the command line asks for, checked. */
export interface Invocation {
  readonly file: string
  readonly task: 'run' | 'plan' | 'help'
  /** The texts of `--set`. */
  readonly values: Readonly<Record<string, string>>
  readonly options: RunOptions
  /** Where a page shows the run. @default none */
  readonly page?: Address
  readonly output: 'table' | 'json'
  readonly volume: 'normal' | 'quiet'
}
