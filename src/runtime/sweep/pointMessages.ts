import * as t from 'io-ts'
import { errorCodec, summaryCodec } from '../folder/codecs.js'

/** What the processes of a sweep say to each other, checked where it arrives. */

const seedCodec = t.number

const checkpoints = t.partial({ everySteps: t.number, everySeconds: t.number, keep: t.number })

/** The options that a point's run takes over from the sweep. */
export const pointOptions = t.exact(
  t.partial({
    dataDir: t.string,
    engine: t.keyof({ auto: null, tensorflow: null, wasm: null }),
    checkpoints,
  }),
)

/** A point that is to be run: where it is described, which one it is, and where it writes. */
export const pointTask = t.type({
  /** The pipeline file, absolute. */
  file: t.string,
  /** The texts of `--set`. */
  values: t.record(t.string, t.string),
  key: t.string,
  seed: seedCodec,
  /** The run folder, absolute. */
  folder: t.string,
  options: pointOptions,
})

export type PointTask = t.TypeOf<typeof pointTask>

const training = t.type({
  type: t.literal('training'),
  phase: t.string,
  epoch: t.number,
  epochs: t.number,
  step: t.number,
  steps: t.number,
  loss: t.number,
})

const evaluating = t.type({
  type: t.literal('evaluating'),
  subject: t.string,
  attack: t.string,
  done: t.number,
  total: t.number,
})

const warning = t.type({ type: t.literal('warning'), stage: t.string, message: t.string })

/** What a point says while it runs. */
export const pointProgress = t.union([training, evaluating, warning])

/** Where a point's run is. */
export type PointProgress = t.TypeOf<typeof pointProgress>

/** What a point's process is told. */
export const toPoint = t.union([
  t.type({ type: t.literal('run'), task: pointTask }),
  t.type({ type: t.literal('stop') }),
])

/** What it answers. */
export const fromPoint = t.union([
  t.type({ type: t.literal('progress'), progress: pointProgress }),
  t.type({ type: t.literal('done'), summary: summaryCodec }),
  t.intersection([
    t.type({ type: t.literal('failed'), error: errorCodec }),
    t.exact(t.partial({ lacks: t.readonlyArray(t.string) })),
  ]),
])

export type FromPoint = t.TypeOf<typeof fromPoint>
