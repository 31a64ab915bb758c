// What happens in a run, other than single training steps. Each type is that of its codec: `events.jsonl` is read back.
import * as t from 'io-ts'
import { Certificate } from './certificates.js'
import { Accuracies, DeviceFigures, Environment, NetworkLatency, NetworkSizes, ParameterCounts } from './figures.js'
import { objectCodec, optionalCodec, recordCodec, wordCodec } from './kit/codecOf.js'
import { amountCodec, countCodec, finiteCodec, shareCodec } from './kit/figureCodecs.js'
import {
  type AdmmEvent,
  admmEvent,
  type EpochEvent,
  epochEvent,
  type PhaseEvent,
  phaseEvent,
  type WeightsEvent,
  weightsEvent,
} from './trainingEvents.js'

const subject = wordCodec('"before", "after" or "epoch"', ['before', 'after', 'epoch'])

const environmentEvent = objectCodec({ type: t.literal('environment'), environment: Environment })

/** A run, or a resumed part of it, has begun on a machine. */
export interface EnvironmentEvent extends t.TypeOf<typeof environmentEvent> {}

const engineEvent = objectCodec({ type: t.literal('engine'), name: t.string, description: t.string })

/** The tensor library is loaded. */
export interface EngineEvent extends t.TypeOf<typeof engineEvent> {}

const dataEvent = objectCodec({
  type: t.literal('data'),
  name: t.string,
  /** Whether the data are what their name says. */
  origin: wordCodec('"original", "synthetic" or "recompressed"', ['original', 'synthetic', 'recompressed']),
  /** Numbers of examples, for training and for testing. */
  train: countCodec,
  test: countCodec,
})

/** The data set is open. */
export interface DataEvent extends t.TypeOf<typeof dataEvent> {}

const networkEvent = objectCodec({
  type: t.literal('network'),
  stage: t.string,
  /** Path of the file it was read from. */
  file: t.string,
  /** What it is, with the sizes that were found; the normalisation of its images is in words, or `none`. */
  name: t.string,
  classes: countCodec,
  parameters: countCodec,
  normalisation: t.string,
})

/** A network was read from a file. */
export interface NetworkEvent extends t.TypeOf<typeof networkEvent> {}

const parametersEvent = objectCodec({ type: t.literal('parameters'), counts: ParameterCounts })

/** The parameters of the student, counted. */
export interface ParametersEvent extends t.TypeOf<typeof parametersEvent> {}

const sizesEvent = objectCodec({ type: t.literal('sizes'), sizes: NetworkSizes })

/** The network was made smaller. */
export interface SizesEvent extends t.TypeOf<typeof sizesEvent> {}

const latencyEvent = objectCodec({ type: t.literal('latency'), latency: NetworkLatency })

/** The network was timed before and after it was made smaller. */
export interface LatencyEvent extends t.TypeOf<typeof latencyEvent> {}

const deviceEvent = objectCodec({ type: t.literal('device'), figures: DeviceFigures })

/** A network was written as C. */
export interface DeviceEvent extends t.TypeOf<typeof deviceEvent> {}

const evaluatingEvent = objectCodec({
  type: t.literal('evaluating'),
  subject,
  /** `clean` or the attack's name. */
  attack: t.string,
  /** Which attack of AutoAttack is at work; the attack itself if it stands alone. */
  stage: t.string,
  /** Examples that the stage has finished, with fractions for the one it is working on. */
  done: amountCodec,
  /** Examples that the stage was given. */
  total: countCodec,
  /** Robust accuracy so far: the share of all examples that are not broken yet. */
  robust: shareCodec,
  /** Seconds left of this stage; undefined while there is no estimate. */
  secondsLeft: t.union([amountCodec, t.undefined]),
})

/** An evaluation goes on. */
export interface EvaluatingEvent extends t.TypeOf<typeof evaluatingEvent> {}

const attackedEvent = t.intersection([
  objectCodec({
    type: t.literal('attacked'),
    subject,
    attack: t.string,
    stage: t.string,
    /** Robust accuracy after the stage. */
    robust: shareCodec,
    /** Examples that the stage was given. */
    attacked: countCodec,
    /** How many of them it broke. */
    broken: countCodec,
    seconds: amountCodec,
  }),
  optionalCodec({
    /** How many of the others have no gradient that it could follow: zero or not finite. */
    withoutGradient: countCodec,
  }),
])

/** A stage of an attack is over. */
export interface AttackedEvent extends t.TypeOf<typeof attackedEvent> {}

const evaluationEvent = objectCodec({ type: t.literal('evaluation'), subject, accuracies: Accuracies })

/** An evaluation is over. */
export interface EvaluationEvent extends t.TypeOf<typeof evaluationEvent> {}

const certifiedEvent = objectCodec({ type: t.literal('certified'), certificate: Certificate })

/** A certification is over. */
export interface CertifiedEvent extends t.TypeOf<typeof certifiedEvent> {}

const checkpointEvent = objectCodec({
  type: t.literal('checkpoint'),
  /** Relative to the run folder. */
  file: t.string,
  /** What all checkpoints of this process have taken so far, including the time beside the training. */
  spentSeconds: amountCodec,
})

/** A checkpoint was written. */
export interface CheckpointEvent extends t.TypeOf<typeof checkpointEvent> {}

const artifactEvent = objectCodec({
  type: t.literal('artifact'),
  /** Relative to the run folder. */
  file: t.string,
})

/** A file of the run folder was written. */
export interface ArtifactEvent extends t.TypeOf<typeof artifactEvent> {}

const pausedEvent = objectCodec({ type: t.literal('paused') })

/** The run rests. */
export interface PausedEvent extends t.TypeOf<typeof pausedEvent> {}

const continuedEvent = objectCodec({ type: t.literal('continued') })

/** A run that rested goes on. */
export interface ContinuedEvent extends t.TypeOf<typeof continuedEvent> {}

const ownEvent = t.intersection([
  objectCodec({
    type: t.literal('own'),
    /** What it is, in your own words: the title of its chart. */
    name: t.string,
    /** Its figures by name. */
    values: recordCodec(finiteCodec),
  }),
  optionalCodec({
    /** A sentence for the terminal. */
    text: t.string,
  }),
])

/** Something that a stage of your own reports by `run.emit`: its figures become curves over the training steps. */
export interface OwnEvent extends t.TypeOf<typeof ownEvent> {}

const warningEvent = objectCodec({ type: t.literal('warning'), stage: t.string, message: t.string })

/** Something that the user should know and that does not end the run. */
export interface WarningEvent extends t.TypeOf<typeof warningEvent> {}

/** What happens in a run, other than single training steps. `type` says which event it is. */
export type RunEvent =
  | EnvironmentEvent
  | EngineEvent
  | DataEvent
  | NetworkEvent
  | PhaseEvent
  | EpochEvent
  | AdmmEvent
  | WeightsEvent
  | ParametersEvent
  | SizesEvent
  | LatencyEvent
  | DeviceEvent
  | EvaluatingEvent
  | AttackedEvent
  | EvaluationEvent
  | CertifiedEvent
  | CheckpointEvent
  | ArtifactEvent
  | PausedEvent
  | ContinuedEvent
  | OwnEvent
  | WarningEvent

/** The codec of {@link RunEvent}. */
export const RunEvent: t.Type<RunEvent> = t.union([
  environmentEvent,
  engineEvent,
  dataEvent,
  networkEvent,
  phaseEvent,
  epochEvent,
  admmEvent,
  weightsEvent,
  parametersEvent,
  sizesEvent,
  latencyEvent,
  deviceEvent,
  evaluatingEvent,
  attackedEvent,
  evaluationEvent,
  certifiedEvent,
  checkpointEvent,
  artifactEvent,
  pausedEvent,
  continuedEvent,
  ownEvent,
  warningEvent,
])

const loggedEvent = objectCodec({
  /** Seconds since 1970. */
  at: amountCodec,
  /** Training steps done before it, counted as `TrainingMetrics.step` does. */
  step: countCodec,
  event: RunEvent,
})

/** A line of `events.jsonl`: an event, when it was, and after how many training steps. */
export interface LoggedEvent extends t.TypeOf<typeof loggedEvent> {}

/** The codec of {@link LoggedEvent}. */
export const LoggedEvent: t.Type<LoggedEvent> = loggedEvent
