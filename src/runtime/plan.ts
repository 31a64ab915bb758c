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

/** The first way in which two plans differ, each side in words; undefined where they are the same. */
export const differenceOf = (wanted: Plan, found: Plan): { expected: string; actual: string } | undefined => {
  if (wanted.hash === found.hash) return undefined
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ['pipeline', found.pipeline, wanted.pipeline],
    ['seed', found.seed, wanted.seed],
    ...keysOf(found.params, wanted.params).map((key) => [key, found.params[key], wanted.params[key]] as const),
    ['data', found.source, wanted.source],
    ...found.stages.map((info, index) => [`stage ${index + 1}`, info, wanted.stages[index]] as const),
    ['number of stages', found.stages.length, wanted.stages.length],
  ]
  const different = pairs.find(([, a, b]) => canonical(a ?? null) !== canonical(b ?? null))
  const [what, before, now] = different ?? ['plan', found.hash, wanted.hash]
  return { expected: `${what} ${canonical(before ?? null)} as in that run`, actual: canonical(now ?? null) }
}

const keysOf = (a: object, b: object): string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])]
