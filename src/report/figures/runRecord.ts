import type { Summary } from '../../dsl/pipeline/run.js'
import type { RunFigures } from './runFigures.js'

/** A run's `plan.json`: everything that determines what it computes. */
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

/** A run, read from its folder. */
export interface RunRecord {
  readonly plan: RunPlan
  readonly figures: RunFigures
  /** Undefined if the run is not finished. */
  readonly summary: Summary | undefined
  /** Pictures of adversarial examples, as SVG, by file name. */
  readonly pictures: ReadonlyMap<string, string>
}

/** The runs of a comparison, read from their common folder. */
export interface ComparisonRecord {
  readonly name: string
  readonly params: Readonly<Record<string, unknown>>
  /** In the order of the comparison. A run that has not started has no record. */
  readonly rows: readonly { readonly label: string; readonly folder: string; readonly record: RunRecord | undefined }[]
}
