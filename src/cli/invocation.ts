import type { RunOptions } from '../dsl/run.js'
import type { Address } from './word.js'

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
  /** The queue of a sweep's points; true: that of the environment. */
  readonly queue: string | true | undefined
  /** The folder that the workers' folder of pipelines is a copy of. */
  readonly pipelines: string | undefined
  /** Where a page shows the run; undefined where nobody asked for one. */
  readonly page: Address | undefined
  readonly output: 'table' | 'json'
  readonly volume: 'normal' | 'quiet'
}

/** What the command line asks for; without a file that is one of the texts of `pwoa-run` itself. */
export interface Arguments {
  readonly ask: Invocation | 'help' | 'version'
  readonly trace: 'shown' | 'hidden'
  readonly help: string
}
