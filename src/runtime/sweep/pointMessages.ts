// What the processes of a sweep send to each other. Each message is decoded where it arrives.
import * as t from 'io-ts'
import { objectCodec, optionalCodec, recordCodec, wordCodec } from '../../dsl/kit/codecOf.js'
import { amountCodec, countCodec, finiteCodec, seedCodec } from '../../dsl/kit/figureCodecs.js'
import { Phase } from '../../dsl/phases.js'
import { type EngineChoice, engineChoices } from '../../dsl/pipeline/engineChoice.js'
import { CheckpointOptions, Summary } from '../../dsl/pipeline/run.js'
import { PwoaError } from '../../dsl/pwoaError.js'
import { pointKey } from '../records/sweepFiles.js'
import { Reached, Target } from '../search/target.js'

/** The codec of {@link EngineChoice}. */
export const engineCodec: t.Type<EngineChoice> = wordCodec(`one of ${engineChoices.join(', ')}`, engineChoices)

const pointPlace = t.intersection([
  objectCodec({
    key: pointKey,
    seed: seedCodec,
    /** The point's run folder, absolute. */
    folder: t.string,
    /** The sweep's options that apply to its points' runs. */
    options: optionalCodec({
      dataDir: t.string,
      engine: engineCodec,
      checkpoints: CheckpointOptions,
      trial: t.literal('quick'),
      log: t.readonlyArray(t.string),
      resumeOn: t.union([t.literal('same'), t.literal('any')]),
    }),
  }),
  optionalCodec({
    /** How far the point runs, if it is one of a search that ranks its points. */
    target: Target,
  }),
])

/** Which point to run, where it writes, and with which options. */
export interface PointPlace extends t.TypeOf<typeof pointPlace> {}

const pointTask = t.intersection([
  objectCodec({
    /** The pipeline file, absolute. */
    file: t.string,
    /** The texts of `--set`. */
    values: recordCodec(t.string),
  }),
  pointPlace,
  optionalCodec({
    /** The version of the file, if no other may run the point. */
    fileVersion: t.string,
  }),
])

/** A point to run in its own process, and the file that describes it. */
export interface PointTask extends t.TypeOf<typeof pointTask> {}

const training = objectCodec({
  type: t.literal('training'),
  phase: Phase,
  epoch: countCodec,
  epochs: countCodec,
  step: countCodec,
  steps: countCodec,
  loss: finiteCodec,
})

const evaluating = objectCodec({
  type: t.literal('evaluating'),
  subject: t.string,
  attack: t.string,
  done: amountCodec,
  total: countCodec,
})

const warning = objectCodec({ type: t.literal('warning'), stage: t.string, message: t.string })

/** The codec of {@link PointProgress}. */
export const PointProgress = t.union([training, evaluating, warning])

/** The progress of a point's run, or a warning from it. */
export type PointProgress = t.TypeOf<typeof PointProgress>

/** The codec of {@link ToPoint}. */
export const ToPoint = t.union([
  objectCodec({ type: t.literal('run'), task: pointTask }),
  objectCodec({ type: t.literal('stop') }),
])

/** What a point's process receives. */
export type ToPoint = t.TypeOf<typeof ToPoint>

const progress = objectCodec({ type: t.literal('progress'), progress: PointProgress })

const done = t.intersection([
  objectCodec({ type: t.literal('done'), summary: Summary }),
  optionalCodec({
    /** Its metric, in a search. */
    reached: Reached,
  }),
])

const paused = objectCodec({ type: t.literal('paused'), reached: Reached })

const failed = t.intersection([
  objectCodec({ type: t.literal('failed'), error: PwoaError }),
  optionalCodec({
    /** Keys of the points that this one joins and whose folders are not here. */
    lacks: t.readonlyArray(pointKey),
  }),
])

/** The codec of {@link FromPoint}. */
export const FromPoint = t.union([progress, done, paused, failed])

/** What a point's process sends. */
export type FromPoint = t.TypeOf<typeof FromPoint>

/** A process that ended without a result. */
export interface CrashedPoint {
  readonly type: 'crashed'
  readonly reason: string
}

/** How a point's run ends. Only a crash is tried again; a paused one has reached its target, and can be continued. */
export type PointOutcome = t.TypeOf<typeof done> | t.TypeOf<typeof paused> | t.TypeOf<typeof failed> | CrashedPoint
