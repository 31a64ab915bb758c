import * as t from 'io-ts'
import { objectCodec, optionalCodec, unknownFields } from '../../dsl/kit/codecOf.js'
import { countCodec, seedCodec } from '../../dsl/kit/figureCodecs.js'
import { given } from '../../dsl/kit/given.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { checkpointContent } from '../../io/checkpoints/checkpointContent.js'
import { sha256Of } from '../../io/files/hash.js'

const plan = t.intersection([
  objectCodec({
    pipeline: t.string,
    params: unknownFields,
    seed: seedCodec,
    source: objectCodec({ name: t.string, batchSize: countCodec, config: unknownFields }),
    stages: t.readonlyArray(objectCodec({ stage: t.string, config: unknownFields })),
    /** SHA-256 of the files that the stages read, in their order. */
    contents: t.readonlyArray(t.string),
    /** SHA-256 of the fields above. A file counts by its contents and not by its path. */
    hash: t.string,
  }),
  optionalCodec({
    /**
     * Hash of the code of the pipeline's file, if it comes from one. Not part of `hash`. The options of a user's own stage
     * do not show its code: only this shows that the code has changed.
     */
    fileVersion: t.string,
  }),
])

/** `plan.json` of a run: all that determines its results, and a hash of it. */
export interface Plan extends t.TypeOf<typeof plan> {}

/** The codec of {@link Plan}. */
export const Plan: t.Type<Plan> = plan

/**
 * The plan of a run of `pipeline`. It reads the files that the stages will read.
 *
 * @throws FileError for a file that can't be read
 */
export const planOf = (pipeline: Pipeline<Step>, seed: number): Plan => {
  const { name, batchSize, config } = pipeline.source
  const facts = {
    pipeline: pipeline.name,
    params: pipeline.params,
    seed,
    source: { name, batchSize, config },
    stages: pipeline.plan.map((info) => ({ stage: info.stage, config: info.config })),
  }
  const files = pipeline.plan.flatMap(({ reads = [] }) => reads)
  const contents = files.map(checkpointContent)
  const places = new Map(files.map((file, index) => [file, `file ${index}`]))
  const counted = canonical({ ...facts, contents }, places)
  const plan = { ...facts, contents, hash: sha256Of(counted), ...given({ fileVersion: fileVersion(pipeline) }) }
  paths.set(plan, new Set(files.map((file) => JSON.stringify(file))))
  return plan
}

/** The files that the stages of a plan read, as JSON: their paths may change, and are not hashed. */
const paths = new WeakMap<Plan, ReadonlySet<string>>()

/** JSON with sorted keys. A text that is a key of `places` is replaced by its value there. */
const canonical = (value: unknown, places: ReadonlyMap<string, string>): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'string') return places.get(part) ?? part
    return typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  })

/** How many differences an error names; the others are counted. */
const MOST_NAMED = 3

/** How two plans differ, in words for an error. */
export interface PlanDifference {
  readonly expected: string
  readonly actual: string
  /** Whether the hash of `found` is not that of its own fields: they were edited after the run had begun. */
  readonly edited: boolean
}

/**
 * How the plan in a run folder differs from the one that a pipeline has now; undefined if they are the same. The hash
 * alone is not enough: the fields beside it may have been edited, and reports show them.
 *
 * @param wanted made by `planOf`
 */
export const differenceOf = (wanted: Plan, found: Plan): PlanDifference | undefined => {
  const before = leavesOf(found)
  const now = leavesOf(wanted)
  const moved = wanted.hash === found.hash ? paths.get(wanted) : undefined
  const different = [...new Set([...before.keys(), ...now.keys()])].filter(
    (key) => before.get(key) !== now.get(key) && !moved?.has(now.get(key) ?? ''),
  )
  if (different.length === 0)
    return wanted.hash === found.hash
      ? undefined
      : {
          expected: `the hash ${wanted.hash.slice(0, 12)} of its fields`,
          actual: found.hash.slice(0, 12),
          edited: true,
        }
  const named = different.slice(0, MOST_NAMED)
  const others = different.length - named.length
  const more = others > 0 ? `, and ${others} more` : ''
  const listed = (plan: ReadonlyMap<string, string>): string =>
    named.map((key) => `${key} ${plan.get(key) ?? 'left out'}`).join(', ')
  if (wanted.hash === found.hash)
    return { expected: `${listed(now)}${more}, for which its hash stands`, actual: listed(before), edited: true }
  return {
    expected: `${listed(before)}${more} as in that run`,
    actual: named.map((key) => now.get(key) ?? 'none').join(', '),
    edited: false,
  }
}

/** Each single value of a plan as JSON, by its path in words. The hash and the file's version are left out. */
const leavesOf = ({ pipeline, seed, params, source, stages, contents }: Plan): ReadonlyMap<string, string> =>
  new Map([
    ...leaves('pipeline', pipeline),
    ...leaves('seed', seed),
    ...Object.entries(params).flatMap(([key, value]) => leaves(key, value)),
    ...leaves('data', source),
    ...contents.map((hash, index): [string, string] => [`contents of file ${index + 1}`, hash.slice(0, 12)]),
    ...stages.flatMap(({ stage, config }, index) => [
      ...leaves(`stage ${index + 1}`, stage),
      ...leaves(`stage ${index + 1} ${stage}`, config),
    ]),
  ])

const leaves = (path: string, value: unknown): readonly (readonly [string, string])[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, part]) => leaves(`${path} ${key}`, part))
    : [[path, JSON.stringify(value)]]

// Versions are stored outside the pipelines, because no pipeline depends on the file that it is defined in.
const versions = new WeakMap<object, string>()

/** Records the version of the pipeline file that a default export, or a pipeline made from one, comes from. */
export const rememberVersion = (of: object, version: string): void => {
  versions.set(of, version)
}

/** The version of the pipeline file that an object comes from; undefined if it comes from none. */
export const fileVersion = (of: object): string | undefined => versions.get(of)
