import { type Either, either } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Position, StageState } from '../../dsl/context.js'
import type { FileError, PwoaError } from '../../dsl/errors.js'
import type { Accuracies, ParameterCounts } from '../../dsl/events.js'
import { parseJson } from '../../dsl/kit/parseJson.js'
import { encodeSafetensors, readSafetensors } from '../../io/checkpoints/safetensors.js'
import type { StateDict } from '../../io/checkpoints/tensors/checkpoint.js'
import { unsealed } from './checkpointSeal.js'

/** The mutable training state of a run at a moment between two steps. */
export interface RunState {
  readonly position: Position
  readonly stages: Readonly<Record<string, StageState>>
}

/** What a summary is made of that neither the plan nor `metrics.jsonl` can give back: kept in each checkpoint. */
export interface TallyState {
  readonly seconds: number
  readonly evaluationSeconds: number
  readonly counts?: ParameterCounts
  readonly before?: Accuracies
  readonly after?: Accuracies
  readonly artifacts: readonly string[]
  readonly warnings: readonly string[]
}

/** What a checkpoint holds: all that an exact resume needs. */
export interface RunCheckpoint {
  readonly state: RunState
  /** The plan it belongs to. */
  readonly planHash: string
  readonly engine: string
  /** Training steps that are done. */
  readonly step: number
  /** The best evaluation's figure so far, where there was one. */
  readonly best: number | undefined
  /** Length of `metrics.jsonl` at that moment, and of `events.jsonl`. */
  readonly metricsLength: number
  readonly eventsLength: number
  readonly tally: TallyState
}

const values = t.UnknownRecord
const counts = t.type({
  total: t.number,
  kept: t.number,
  prunable: t.number,
  prunableKept: t.number,
  flops: t.number,
  flopsKept: t.number,
})
const accuracies = t.type({ clean: t.number, attacks: t.record(t.string, t.number), examples: t.number })

const header = t.type({
  planHash: t.string,
  engine: t.string,
  step: t.number,
  best: t.union([t.number, t.undefined]),
  metricsLength: t.number,
  eventsLength: t.number,
  position: t.type({ epoch: t.number, batch: t.number }),
  stages: t.record(t.string, values),
  tally: t.intersection([
    t.type({
      seconds: t.number,
      evaluationSeconds: t.number,
      artifacts: t.array(t.string),
      warnings: t.array(t.string),
    }),
    t.exact(t.partial({ counts, before: accuracies, after: accuracies })),
  ]),
})

/**
 * The checkpoint as the bytes of a safetensors file that is still to be sealed: arrays as `<stage>/<name>`, all else as
 * JSON in the metadata.
 */
export const encodeCheckpoint = (
  checkpoint: RunCheckpoint,
  file: string,
): Either<PwoaError, Uint8Array<ArrayBuffer>> => {
  const { state, ...facts } = checkpoint
  const arrays = Object.entries(state.stages).flatMap(([stage, own]) =>
    Object.entries(own.arrays).map(([name, data]) => [`${stage}/${name}`, { shape: [data.length], data }] as const),
  )
  const stages = Object.fromEntries(Object.entries(state.stages).map(([stage, own]) => [stage, own.values]))
  const pwoa = JSON.stringify({ ...facts, position: state.position, stages })
  return encodeSafetensors(new Map(arrays), { ...unsealed, pwoa }, file, 'checkpoint')
}

/** Reads what `encodeCheckpoint` wrote; anything else is a `FileError` of `--resume`. */
export const decodeCheckpoint = (bytes: Uint8Array, file: string): Either<PwoaError, RunCheckpoint> =>
  either.chain(readSafetensors(bytes, file, '--resume'), ({ tensors, metadata }) =>
    either.bimap(
      header.decode(parseJson(metadata.pwoa ?? '')),
      (): PwoaError => foreign(file),
      ({ position, stages, tally, best, ...facts }) => ({
        ...facts,
        best,
        tally: withoutAbsent(tally),
        state: { position, stages: stagesOf(stages, tensors) },
      }),
    ),
  )

const foreign = (file: string): FileError => ({
  _tag: 'FileError',
  stage: '--resume',
  file,
  expected: 'the checkpoint of a run',
  actual: 'another safetensors file',
})

const stagesOf = (stages: Readonly<Record<string, StageState['values']>>, tensors: StateDict): RunState['stages'] =>
  Object.fromEntries(
    Object.entries(stages).map(([stage, own]) => {
      const prefix = `${stage}/`
      const arrays = [...tensors].filter(([name]) => name.startsWith(prefix))
      return [
        stage,
        {
          values: own,
          arrays: Object.fromEntries(arrays.map(([name, { data }]) => [name.slice(prefix.length), data])),
        },
      ]
    }),
  )

const withoutAbsent = ({ counts: last, before, after, ...rest }: t.TypeOf<typeof header>['tally']): TallyState => ({
  ...rest,
  ...(last === undefined ? {} : { counts: last }),
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
})
