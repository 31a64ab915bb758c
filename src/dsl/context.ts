import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import type { Dataset } from './dataset.js'
import type { PwoaError } from './errors.js'
import type { RunEvent } from './events.js'

/** What a stage keeps across an interruption: arrays by name, and small values as JSON. */
export interface StageState {
  readonly arrays: Readonly<Record<string, Float32Array>>
  readonly values: Readonly<Record<string, unknown>>
}

/** Finished work by key; it survives whatever ends the run. */
export interface Journal {
  readonly entries: ReadonlyMap<string, unknown>
  /** Writes an entry down before it returns. @throws WriteError */
  readonly add: (key: string, value: unknown) => void
}

/** Where the stream of minibatches stands: the next one to be made. */
export interface Position {
  readonly epoch: number
  readonly batch: number
}

/** What a run lends to its stages. One per run; carried by every step. */
export interface RunContext {
  /** Every random number of the run is a function of this and of what it is for. */
  readonly seed: number
  readonly data: Dataset
  /** Puts an event into the run's stream and journal. */
  readonly emit: (event: RunEvent) => void
  /** Aborts when the run is stopped; long work in a stage looks at it. */
  readonly signal: AbortSignal
  /** Undefined, or, while the run is paused, what resolves when it goes on or is stopped: long work waits for it. */
  readonly resting: () => Promise<void> | undefined
  /** What this stage kept, where the run is a resumed one. */
  readonly restore: (stage: string) => StageState | undefined
  /** Registers how to take down the stage's state between two steps; a later registration replaces an earlier one. */
  readonly provide: (stage: string, snapshot: () => StageState) => void
  /** Tells where to go on reading after an interruption: called by the stage that trains, after each step. */
  readonly reached: (next: Position) => void
  /** Registers what to free when the run is over, whichever way it ends: tensors that later stages still read. */
  readonly atEnd: (release: () => void) => void
  /**
   * Work that is written down as it is finished, where a snapshot between two steps comes too late: what an earlier
   * part of the run wrote under this name, and a way to add to it. One stage a name.
   */
  readonly journal: (name: string) => Journal
  /** Writes a file of the run folder whole, and reports it as an artifact. `name` is relative to the run folder. */
  readonly writeArtifact: (name: string, content: Uint8Array | string) => TaskEither<PwoaError, void>
}
