import type { CheckpointOptions, RunOptions } from '../dsl/run.js'

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
  readonly output: 'table' | 'json'
  readonly volume: 'normal' | 'quiet'
}

/** What `pwoa-run worker …` asks for, checked. */
export interface WorkerInvocation {
  readonly task: 'worker'
  readonly queue: string | true | undefined
  readonly pipelines: string
  readonly runs: string
  readonly workers: number
  readonly lease: number
  readonly dataDir: string | undefined
  readonly checkpoints: CheckpointOptions | undefined
}

/** What the command line asks for; without a file that is one of the texts of `pwoa-run` itself. */
export interface Arguments {
  readonly ask: Invocation | WorkerInvocation | 'help' | 'version'
  readonly trace: 'shown' | 'hidden'
  readonly help: string
}
