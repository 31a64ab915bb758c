import type { Either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Observable } from 'rxjs'
import { Certificate } from '../certificates.js'
import type { PwoaError } from '../errors.js'
import type { RunEvent } from '../events.js'
import { Accuracies, DeviceFigures, NetworkLatency, NetworkSizes } from '../figures.js'
import { codecOf, objectCodec, optionalCodec, recordCodec, unknownFields } from '../kit/codecOf.js'
import { amountCodec, seedCodec, shareCodec } from '../kit/figureCodecs.js'
import { declareOptions, type OptionsOf } from '../options/declare.js'
import { choice, list, made, positive, text, whole } from '../options/kinds.js'
import type { TrainingMetrics } from '../step.js'
import { engineChoices } from './engineChoice.js'

/** What the option `checkpoints` of a run takes. */
export const checkpointOptions = declareOptions('checkpoints', {
  /** Training steps between two, ≥ 1. @default none */
  everySteps: whole(1, { unit: 'steps' }).optional('none'),
  /** Seconds between two, > 0; a step is never cut short. @default none */
  everySeconds: positive({ unit: 's' }).optional('none'),
  /** How many are kept, ≥ 1. The one of the best evaluation (`attackEval`'s `every`) is kept as well. @default 2 */
  keep: whole(1).default(2),
})

/** When checkpoints are written: by whichever limit comes first, after a run's last step and at an interruption. */
export interface CheckpointOptions extends OptionsOf<typeof checkpointOptions> {}

/** The codec of {@link CheckpointOptions}. */
export const CheckpointOptions: t.Type<CheckpointOptions, CheckpointOptions, unknown> = codecOf(
  'options of checkpoints',
  checkpointOptions.asOption().is,
)

const folder = () => text('the path of a folder')

/** A plan does not depend on who ends the run. */
const nothing = (): undefined => undefined

/** What `run` of a pipeline, a comparison or a sweep takes. */
export const runOptions = declareOptions('run', {
  /** Folder of the data set's files. @default the source's own cache */
  dataDir: folder().optional("the source's own cache"),
  /** The run folder. @default `runs/<pipeline>-<time>` in the working folder */
  out: folder().optional('`runs/<pipeline>-<time>` in the working folder'),
  /** The engine that computes. @default 'auto', the best that loads */
  engine: choice(engineChoices).optional("'auto', the best that loads"),
  /** The seed of all random numbers, an unsigned 32-bit integer. @default 0 */
  seed: whole(0, { most: 2 ** 32 - 1 }).optional('0'),
  /** A run folder to resume. It must be of the same pipeline, parameters and seed. @default a new run */
  resume: folder().optional('a new run'),
  /**
   * Where an interrupted run may go on: on the device where it began, or on any. Only between GPUs, or between a GPU and a
   * processor, is `same` a refusal. @default 'same'
   */
  resumeOn: choice(['same', 'any']).optional("'same'"),
  /** Run folders of finished parts of the work, which is not repeated. @default none */
  joins: list(folder()).optional('none'),
  /** Measures the kinds of work in training steps, and writes `trace.json` for trace viewers. @default none */
  profile: choice(['steps']).optional('none'),
  /**
   * Tries the pipeline from start to end in little time: two minibatches a phase, eight test images, short attacks. No
   * figure of a trial is a result, and all carry a label that says so. @default a run
   */
  trial: choice(['quick']).optional('a run'),
  /**
   * Loggers that follow the run live: `tensorboard`, `mlflow`, `wandb`, or each with `=` and where to: `tensorboard=FOLDER`,
   * `mlflow=URL`, `wandb=PROJECT`.
   * @default none
   */
  log: list(text('the name of a logger')).optional('none'),
  /** Saves and ends the run when it aborts, as `stop` does. @default none */
  signal: made<AbortSignal>('an AbortSignal', (value) => value instanceof AbortSignal, nothing).optional('none'),
  /** When checkpoints are written. @default at the ends of epochs and every 60 s, in at most 2 % of the run's time */
  checkpoints: checkpointOptions.asOption().optional('at the ends of epochs and every 60 s'),
})

/** Where a run reads and writes, on which engine, and how often it saves. */
export interface RunOptions extends OptionsOf<typeof runOptions> {}

/**
 * The options as they were given, checked.
 *
 * @throws OptionError for an unknown option or a value that is not accepted
 */
export const checkRunOptions = (options: RunOptions): RunOptions => {
  runOptions.read(options)
  return options
}

const kept = objectCodec({ total: amountCodec, kept: amountCodec })

const summary = t.intersection([
  objectCodec({
    pipeline: t.string,
    params: unknownFields,
    seed: seedCodec,
    /** The engine of the last part of the run. */
    engine: t.string,
    data: objectCodec({ name: t.string, origin: t.string }),
    /** By phase, of evaluations, and in total. */
    seconds: t.intersection([recordCodec(amountCodec), objectCodec({ total: amountCodec })]),
    /** Medians of whole steps, by phase. */
    secondsPerStep: recordCodec(amountCodec),
    /** Epochs by phase, with a fraction for an unfinished one. */
    epochs: recordCodec(amountCodec),
    /** Paths in the run folder. */
    artifacts: t.readonlyArray(t.string),
    warnings: t.readonlyArray(t.string),
  }),
  optionalCodec({
    /** Other engines that computed parts of the run, if it was resumed on another engine. */
    otherEngines: t.readonlyArray(t.string),
    /** Of a trial: no figure of it is a result. */
    trial: t.literal('quick'),
    /** Kept: the parameters of the final network, which `shrink` may have made smaller, that are not pruned. */
    parameters: kept,
    /** Operations of one image's forward pass, two per multiply-accumulate; kept: without those of weights that are 0. */
    flops: kept,
    /** What the mask alone keeps of both, if `shrink` has removed more. */
    masked: objectCodec({ parameters: amountCodec, flops: amountCodec }),
    /** Seconds of training steps by kind of work, of a profiled run. Nested work is not counted twice. */
    profile: recordCodec(amountCodec),
    /** Share of zeros among the weights that pruning may touch. */
    sparsity: shareCodec,
    /** The layers before and after `shrink`. */
    sizes: NetworkSizes,
    /** How long they take on the machine of the run. */
    latency: NetworkLatency,
    /** What the C files take on a device, in the order of writing. */
    devices: t.readonlyArray(DeviceFigures),
    /** What `certify` proved. */
    certificates: t.readonlyArray(Certificate),
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

/** All engines that computed the figures of a run. */
export const enginesOf = ({ engine, otherEngines = [] }: Summary): readonly string[] => [...otherEngines, engine]

/** A run that has been started. Its streams are hot: late subscribers miss earlier values. */
export interface RunHandle {
  /** The run folder, absolute. */
  readonly folder: string
  /** One value per training step. Completes when the run ends, and never errors: `result` holds the error. */
  readonly metrics$: Observable<TrainingMetrics>
  readonly events$: Observable<RunEvent>
  /** The summary or the error, as data. Never rejects. */
  readonly result: Promise<Either<PwoaError, Summary>>
  /** The summary. Rejects with a `PwoaFailure`: an `Error` with `message`, `stage` and, if it is known, a `hint`. */
  readonly summary: Promise<Summary>
  /** Saves and ends the run as Ctrl-C does; `result` is then an `InterruptedError`. */
  readonly stop: () => void
  /** Pauses the run after the current step or batch of attacked images, until `proceed`. */
  readonly pause: () => void
  /** Continues a paused run. */
  readonly proceed: () => void
}
