import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Dataset } from './dataset.js'
import type { PwoaError } from './errors.js'
import type { RunEvent } from './events.js'

/** What a stage keeps across an interruption: arrays by name, and small values as JSON. */
export interface StageState {
  readonly arrays: Readonly<Record<string, Float32Array>>
  readonly values: Readonly<Record<string, unknown>>
}

/** Finished work by key. It is on disk as soon as it is added, so it survives any end of the run. */
export interface Journal {
  readonly entries: ReadonlyMap<string, unknown>
  /** Writes an entry to disk before it returns. @throws WriteError */
  readonly add: (key: string, value: unknown) => void
}

/** The next minibatch of the stream. */
export interface Position {
  readonly epoch: number
  readonly batch: number
}

/** What a run provides to its stages. There is one per run, and every step carries it. */
export interface RunContext {
  /** Every random number of the run is a function of the seed and of its purpose. */
  readonly seed: number
  readonly data: Dataset
  /** Emits an event into the run's stream and `events.jsonl`. */
  readonly emit: (event: RunEvent) => void
  /** Aborts when the run is stopped. Long work in a stage must check it. */
  readonly signal: AbortSignal
  /** While the run is paused, a promise for long work to await: it resolves on resume or stop. Otherwise undefined. */
  readonly resting: () => Promise<void> | undefined
  /** The state that this stage saved, if the run was resumed; otherwise undefined. */
  readonly restore: (stage: string) => StageState | undefined
  /** Registers how to save the stage's state between two steps; a later registration replaces an earlier one. */
  readonly provide: (stage: string, snapshot: () => StageState) => void
  /** Reports where to resume after an interruption. The stage that trains calls it after each step. */
  readonly reached: (next: Position) => void
  /** Registers what to free when the run ends, by success or failure: tensors that later stages still read. */
  readonly atEnd: (release: () => void) => void
  /**
   * Finished work on disk, for stages that cannot wait for a snapshot between two steps: the entries that an earlier
   * part of the run wrote under this name, and a function that adds one. Each name belongs to one stage.
   */
  readonly journal: (name: string) => Journal
  /** Writes a complete file into the run folder and reports it as an artifact. `name` is relative to the run folder. */
  readonly writeArtifact: (name: string, content: Uint8Array | string) => TaskEither<PwoaError, void>
}
