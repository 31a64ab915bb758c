import type { Summary } from '../dsl/run.js'
import type { RunFigures } from './runFigures.js'

/** What decides what a run computes, as its `plan.json` says it. */
export interface RunPlan {
  readonly pipeline: string
  readonly params: Readonly<Record<string, unknown>>
  readonly seed: number
  readonly source: {
    readonly name: string
    readonly batchSize: number
    readonly config: Readonly<Record<string, unknown>>
  }
  readonly stages: readonly { readonly stage: string; readonly config: Readonly<Record<string, unknown>> }[]
  readonly hash: string
}

/** A run as its folder tells it. */
export interface RunRecord {
  readonly plan: RunPlan
  readonly figures: RunFigures
  /** Where it is finished. */
  readonly summary: Summary | undefined
  /** Pictures of attacks, as SVG, by the name of their file. */
  readonly pictures: ReadonlyMap<string, string>
}

/** Several runs of one table, as their common folder tells them. */
export interface ComparisonRecord {
  readonly name: string
  readonly params: Readonly<Record<string, unknown>>
  /** In the order of the table. */
  readonly rows: readonly { readonly label: string; readonly folder: string; readonly record: RunRecord | undefined }[]
}
