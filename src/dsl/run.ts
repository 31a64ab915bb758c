import type { Either } from 'fp-ts/lib/Either.js'
import type { Observable } from 'rxjs'
import type { PwoaError } from './errors.js'
import type { Accuracies, NetworkLatency, NetworkSizes, ParameterCounts, RunEvent } from './events.js'
import type { TrainingMetrics } from './step.js'

/** Where a run reads and writes, on which engine, and how often it saves. */
export interface RunOptions {
  /** Folder of the data set's files. @default the source's own cache */
  readonly dataDir?: string
  /** The run folder. @default `runs/<pipeline>-<time>` in the working folder */
  readonly out?: string
  /** @default 'auto': the best that loads */
  readonly engine?: 'auto' | 'tensorflow' | 'wasm'
  /** An unsigned 32-bit integer. @default 0 */
  readonly seed?: number
  /** A run folder to go on with; it must be of the same pipeline, parameters and seed. */
  readonly resume?: string
  /** Run folders of parts of the work that are done: what they have written down is not done again. @default none */
  readonly joins?: readonly string[]
  /** Attributes the time of training steps to their work, and writes `trace.json` for trace viewers. @default no */
  readonly profile?: 'steps'
  /** When checkpoints are written. @default at the ends of epochs and every 60 s, in at most 2 % of the run's time */
  readonly checkpoints?: CheckpointOptions
}

/** Whichever comes first of the two; a run's last step and an interruption always write one. */
export interface CheckpointOptions {
  /** Training steps between two, >= 1. */
  readonly everySteps?: number
  /** Seconds between two, > 0; a step is never cut short. */
  readonly everySeconds?: number
  /** How many are kept, >= 1; that of the best evaluation (`attackEval`'s `every`) stays besides. @default 2 */
  readonly keep?: number
}

/** `summary.json`. Accuracies are fractions, seconds are wall time, figures are read off the run. */
export interface Summary {
  readonly pipeline: string
  readonly params: Readonly<Record<string, unknown>>
  readonly seed: number
  readonly engine: string
  readonly data: { readonly name: string; readonly origin: string }
  readonly seconds: Readonly<Record<string, number>> & { readonly total: number }
  /** Medians of whole steps, by phase. */
  readonly secondsPerStep: Readonly<Record<string, number>>
  /** Epochs by phase, a part of one as a fraction. */
  readonly epochs: Readonly<Record<string, number>>
  /** Kept: those of the network that is left at the end, which `shrink` may have made smaller, that are not pruned. */
  readonly parameters?: { readonly total: number; readonly kept: number }
  /** Operations of one image's forward pass, two per multiply-accumulate; kept: without those of weights that are 0. */
  readonly flops?: { readonly total: number; readonly kept: number }
  /** What the mask alone keeps of both, where `shrink` has taken out more. */
  readonly masked?: { readonly parameters: number; readonly flops: number }
  /** Seconds of training steps by work, where the run was profiled; what a piece of work contains is left out. */
  readonly profile?: Readonly<Record<string, number>>
  /** Share of zeros among the weights that pruning may touch. */
  readonly sparsity?: number
  /** The layers before and after `shrink`. */
  readonly sizes?: NetworkSizes
  /** How long they take on the machine of the run. */
  readonly latency?: NetworkLatency
  readonly before?: Accuracies
  readonly after?: Accuracies
  /** Paths in the run folder. */
  readonly artifacts: readonly string[]
  readonly warnings: readonly string[]
}

/** A run that has been started. Its streams are hot: late subscribers see what is still to come. */
export interface RunHandle {
  /** The run folder, absolute. */
  readonly folder: string
  /** One value a training step. Complete when the run ends; never error: `result` tells. */
  readonly metrics$: Observable<TrainingMetrics>
  readonly events$: Observable<RunEvent>
  readonly result: Promise<Either<PwoaError, Summary>>
  /** Saves and ends the run as Ctrl-C does; `result` is then an `InterruptedError`. */
  readonly stop: () => void
  /** Lets the run rest after the step or the batch of attacked images that it is at, until `proceed`. */
  readonly pause: () => void
  /** Lets a run that rests go on. */
  readonly proceed: () => void
}

export type { Accuracies, ParameterCounts }
