import type { Either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Observable } from 'rxjs'
import type { PwoaError } from './errors.js'
import type { RunEvent } from './events.js'
import { Accuracies, NetworkLatency, NetworkSizes } from './figures.js'
import { objectCodec, optionalCodec, recordCodec, unknownFields, wordCodec } from './kit/codecOf.js'
import type { TrainingMetrics } from './step.js'

/** The engines by name; `auto`: `tensorflow` if it loads, else `wasm`. */
export const engineChoices = ['auto', 'tensorflow', 'wasm'] as const

/** An engine by name, or `auto`. */
export type EngineChoice = (typeof engineChoices)[number]

/** The codec of {@link EngineChoice}. */
export const EngineChoice: t.Type<EngineChoice> = wordCodec(`one of ${engineChoices.join(', ')}`, engineChoices)

/** Where a run reads and writes, on which engine, and how often it saves. */
export interface RunOptions {
  /** Folder of the data set's files. @default the source's own cache */
  readonly dataDir?: string
  /** The run folder. @default `runs/<pipeline>-<time>` in the working folder */
  readonly out?: string
  /** @default 'auto': the best that loads */
  readonly engine?: EngineChoice
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

const checkpointOptions = optionalCodec({
  /** Training steps between two, >= 1. */
  everySteps: t.number,
  /** Seconds between two, > 0; a step is never cut short. */
  everySeconds: t.number,
  /** How many are kept, >= 1. The one of the best evaluation (`attackEval`'s `every`) is kept as well. @default 2 */
  keep: t.number,
})

/** Whichever comes first of the two; a run's last step and an interruption always write one. */
export interface CheckpointOptions extends t.TypeOf<typeof checkpointOptions> {}

/** The codec of {@link CheckpointOptions}. */
export const CheckpointOptions: t.Type<CheckpointOptions> = checkpointOptions

const kept = objectCodec({ total: t.number, kept: t.number })

const summary = t.intersection([
  objectCodec({
    pipeline: t.string,
    params: unknownFields,
    seed: t.number,
    engine: t.string,
    data: objectCodec({ name: t.string, origin: t.string }),
    /** By phase, of evaluations, and in total. */
    seconds: t.intersection([recordCodec(t.number), objectCodec({ total: t.number })]),
    /** Medians of whole steps, by phase. */
    secondsPerStep: recordCodec(t.number),
    /** Epochs by phase, with a fraction for an unfinished one. */
    epochs: recordCodec(t.number),
    /** Paths in the run folder. */
    artifacts: t.readonlyArray(t.string),
    warnings: t.readonlyArray(t.string),
  }),
  optionalCodec({
    /** Kept: the parameters of the final network, which `shrink` may have made smaller, that are not pruned. */
    parameters: kept,
    /** Operations of one image's forward pass, two per multiply-accumulate; kept: without those of weights that are 0. */
    flops: kept,
    /** What the mask alone keeps of both, if `shrink` has removed more. */
    masked: objectCodec({ parameters: t.number, flops: t.number }),
    /** Seconds of training steps by kind of work, of a profiled run. Nested work is not counted twice. */
    profile: recordCodec(t.number),
    /** Share of zeros among the weights that pruning may touch. */
    sparsity: t.number,
    /** The layers before and after `shrink`. */
    sizes: NetworkSizes,
    /** How long they take on the machine of the run. */
    latency: NetworkLatency,
    /** Of the network that the run started from. */
    before: Accuracies,
    /** Of the network at the end. */
    after: Accuracies,
  }),
])

/** `summary.json`. Accuracies are fractions, seconds are wall time, and figures come from the run itself. */
export interface Summary extends t.TypeOf<typeof summary> {}

/** The codec of {@link Summary}. */
export const Summary: t.Type<Summary> = summary

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
