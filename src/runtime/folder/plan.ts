import { createHash } from 'node:crypto'
import type { StageInfo } from '../../dsl/op.js'
import type { Pipeline } from '../../dsl/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { checkpointContent } from '../../io/checkpoints/checkpointContent.js'

/** `plan.json`: all that decides what a run computes, and its hash. */
export interface Plan {
  readonly pipeline: string
  readonly params: Readonly<Record<string, unknown>>
  readonly seed: number
  readonly source: {
    readonly name: string
    readonly batchSize: number
    readonly config: Readonly<Record<string, unknown>>
  }
  readonly stages: readonly Pick<StageInfo, 'stage' | 'config'>[]
  /** SHA-256 of the files that the stages read, in their order. */
  readonly contents: readonly string[]
  /** A file counts by what is in it, wherever it lies. */
  readonly hash: string
  /**
   * Of the code of the pipeline's file, where it comes from one; no part of the hash. What a stage of one's own does is in
   * no option: only this tells that it has changed.
   */
  readonly fileVersion?: string | undefined
}

/** The plan of a run of `pipeline`. Reads the files that its stages are going to read. */
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
  const hash = createHash('sha256').update(counted).digest('hex')
  const version = fileVersion(pipeline)
  return { ...facts, contents, hash, ...(version === undefined ? {} : { fileVersion: version }) }
}

/** JSON in which the order of keys doesn't matter, nor how a text that has another in `places` is spelled. */
const canonical = (value: unknown, places: ReadonlyMap<string, string>): string =>
  JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'string') return places.get(part) ?? part
    return typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  })

/** Differences that are named; the others are counted. */
const MOST_NAMED = 3

/** The ways in which two plans differ, each side in words; undefined where they are the same. */
export const differenceOf = (wanted: Plan, found: Plan): { expected: string; actual: string } | undefined => {
  if (wanted.hash === found.hash) return undefined
  const before = leavesOf(found)
  const now = leavesOf(wanted)
  const different = [...new Set([...before.keys(), ...now.keys()])].filter((key) => before.get(key) !== now.get(key))
  const named = different.slice(0, MOST_NAMED)
  const others = different.length - named.length
  const more = others > 0 ? `, and ${others} more` : ''
  return {
    expected: `${named.map((key) => `${key} ${before.get(key) ?? 'left out'}`).join(', ')}${more} as in that run`,
    actual: named.map((key) => now.get(key) ?? 'none').join(', '),
  }
}

/** Each single value of a plan as JSON, by where it stands, in words. */
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

// Beside what a file exports, not in it: no stage and no pipeline depends on the file it stands in.
const versions = new WeakMap<object, string>()

/** Remembers which version of a pipeline file something comes from: its default export, or a pipeline made of that. */
export const rememberVersion = (of: object, version: string): void => {
  versions.set(of, version)
}

/** The version of the file that something comes from; undefined for what was made by a program. */
export const fileVersion = (of: object): string | undefined => versions.get(of)
