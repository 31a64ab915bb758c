import { type Either, either, left } from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { Position, StageState } from '../../dsl/context.js'
import type { FileError, PwoaError } from '../../dsl/errors.js'
import { Accuracies, ParameterCounts } from '../../dsl/figures.js'
import { objectCodec, optionalCodec, recordCodec, unknownFields } from '../../dsl/kit/codecOf.js'
import { amountCodec, countCodec, shareCodec } from '../../dsl/kit/figureCodecs.js'
import { encodeSafetensors, readSafetensors } from '../../io/checkpoints/safetensors.js'
import type { StateDict } from '../../io/checkpoints/tensors/checkpoint.js'
import { parseIn } from '../../io/files/jsonFile.js'
import { unsealed } from './checkpointSeal.js'

/** The mutable training state of a run, between two steps. */
export interface RunState {
  readonly position: Position
  readonly stages: Readonly<Record<string, StageState>>
}

const tallyState = t.intersection([
  objectCodec({
    seconds: amountCodec,
    evaluationSeconds: amountCodec,
    artifacts: t.readonlyArray(t.string),
    warnings: t.readonlyArray(t.string),
  }),
  optionalCodec({
    /** Names of the engines that have computed something so far. */
    engines: t.readonlyArray(t.string),
    counts: ParameterCounts,
    before: Accuracies,
    after: Accuracies,
  }),
])

/** The parts of a summary that follow from neither the plan nor `metrics.jsonl`: kept in each checkpoint. */
export interface TallyState extends t.TypeOf<typeof tallyState> {}

const fileExtent = objectCodec({
  /** In bytes. */
  length: countCodec,
  /** SHA-256, in hexadecimal digits: a resumed run must find the same bytes. */
  hash: t.string,
})

/** A part of a file from its beginning. */
export interface FileExtent extends t.TypeOf<typeof fileExtent> {}

const facts = objectCodec({
  /** Hash of the plan that the checkpoint belongs to. */
  planHash: t.string,
  engine: t.string,
  /** Training steps that are done. */
  step: countCodec,
  /** `metrics.jsonl` at that moment. */
  metrics: fileExtent,
  /** `events.jsonl` at that moment. */
  events: fileExtent,
  tally: tallyState,
  /** The best evaluation's figure so far, if there was one. */
  best: t.union([shareCodec, t.undefined]),
})

/** What a checkpoint holds: all that an exact resume needs. */
export interface RunCheckpoint extends t.TypeOf<typeof facts> {
  readonly state: RunState
}

/** The JSON in a checkpoint's metadata: everything but the arrays. */
const Head = t.intersection([
  facts,
  objectCodec({
    position: objectCodec({ epoch: countCodec, batch: countCodec }),
    /** Each stage's values. */
    stages: recordCodec(unknownFields),
  }),
])

/**
 * The checkpoint as the bytes of a safetensors file, not sealed yet: arrays as `<stage>/<name>`, all else as JSON in the
 * metadata.
 */
export const encodeCheckpoint = (
  checkpoint: RunCheckpoint,
  file: string,
): Either<PwoaError, Uint8Array<ArrayBuffer>> => {
  const { state, ...rest } = checkpoint
  const arrays = Object.entries(state.stages).flatMap(([stage, own]) =>
    Object.entries(own.arrays).map(([name, data]) => [`${stage}/${name}`, { shape: [data.length], data }] as const),
  )
  const stages = Object.fromEntries(Object.entries(state.stages).map(([stage, own]) => [stage, own.values]))
  const pwoa = JSON.stringify({ ...rest, position: state.position, stages })
  return encodeSafetensors(new Map(arrays), { ...unsealed, pwoa }, file, 'checkpoint')
}

/** Reads what `encodeCheckpoint` wrote; a `FileError` of `--resume` for anything else. */
export const decodeCheckpoint = (bytes: Uint8Array, file: string): Either<PwoaError, RunCheckpoint> =>
  either.chain(readSafetensors(bytes, file, 'resume'), ({ tensors, metadata }) =>
    either.map(headOf(metadata, file), ({ position, stages, ...rest }) => ({
      ...rest,
      state: { position, stages: stagesOf(stages, tensors) },
    })),
  )

const headOf = ({ pwoa }: Readonly<Record<string, string>>, file: string): Either<FileError, t.TypeOf<typeof Head>> =>
  pwoa === undefined ? left(foreign(file)) : parseIn(Head, pwoa, { stage: 'resume', file })

const foreign = (file: string): FileError => ({
  _tag: 'FileError',
  stage: 'resume',
  file,
  expected: 'the checkpoint of a run',
  actual: 'another safetensors file',
})

const stagesOf = (stages: Readonly<Record<string, StageState['values']>>, tensors: StateDict): RunState['stages'] => {
  const arrays = new Map<string, [name: string, data: Float32Array][]>(Object.keys(stages).map((stage) => [stage, []]))
  for (const [path, { data }] of tensors)
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1))
      arrays.get(path.slice(0, at))?.push([path.slice(at + 1), data])
  return Object.fromEntries(
    Object.entries(stages).map(([stage, values]) => [
      stage,
      { values, arrays: Object.fromEntries(arrays.get(stage) ?? []) },
    ]),
  )
}
