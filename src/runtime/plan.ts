import { createHash } from 'node:crypto'
import type { StageInfo } from '../dsl/op.js'
import type { Pipeline } from '../dsl/pipeline.js'
import type { Step } from '../dsl/step.js'

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
  readonly hash: string
}

/** The plan of a run of `pipeline`. */
export const planOf = (pipeline: Pipeline<Step>, seed: number): Plan => {
  const { name, batchSize, config } = pipeline.source
  const facts = {
    pipeline: pipeline.name,
    params: pipeline.params,
    seed,
    source: { name, batchSize, config },
    stages: pipeline.plan.map((info) => ({ stage: info.stage, config: info.config })),
  }
  return { ...facts, hash: createHash('sha256').update(canonical(facts)).digest('hex') }
}

/** JSON in which the order of keys doesn't matter. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )

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
const leavesOf = ({ pipeline, seed, params, source, stages }: Plan): ReadonlyMap<string, string> =>
  new Map([
    ...leaves('pipeline', pipeline),
    ...leaves('seed', seed),
    ...Object.entries(params).flatMap(([key, value]) => leaves(key, value)),
    ...leaves('data', source),
    ...stages.flatMap(({ stage, config }, index) => [
      ...leaves(`stage ${index + 1}`, stage),
      ...leaves(`stage ${index + 1} ${stage}`, config),
    ]),
  ])

const leaves = (path: string, value: unknown): readonly (readonly [string, string])[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, part]) => leaves(`${path} ${key}`, part))
    : [[path, JSON.stringify(value)]]
