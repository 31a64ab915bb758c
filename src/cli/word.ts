import type { CheckpointOptions } from '../dsl/run.js'

/** What is asked for by a word instead of a pipeline file, checked. */
export type Word =
  | { readonly word: 'init'; readonly folder: string }
  | { readonly word: 'report'; readonly folder: string }
  | { readonly word: 'tensorboard'; readonly folder: string; readonly out: string | undefined }
  | { readonly word: 'ui'; readonly folder: string; readonly at: Address }
  | { readonly word: 'doctor'; readonly dataDir: string | undefined; readonly output: 'table' | 'json' }
  | WorkerWord

/** `pwoa-run worker …` */
export interface WorkerWord {
  readonly word: 'worker'
  /** The queue; true: that of the environment. */
  readonly queue: string | true | undefined
  readonly pipelines: string
  readonly runs: string
  readonly workers: number
  readonly lease: number
  readonly dataDir: string | undefined
  readonly checkpoints: CheckpointOptions | undefined
}

/** Where a page is served. */
export interface Address {
  readonly host: string
  /** 0 for one that is free. */
  readonly port: number
}
