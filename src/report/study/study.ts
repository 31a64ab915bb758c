import type { Accuracies } from '../../dsl/events.js'
import type { Summary } from '../../dsl/run.js'
import { sum } from '../../math/sums.js'
import { leading } from '../resultTable.js'

/** How the runs of a sweep are set side by side, by names of their parameters. */
export interface Study {
  /** What tells the methods apart. */
  readonly method: string
  /** A number along which robust accuracy is drawn: the rate. */
  readonly across: string
  /** The method whose seconds per epoch those of the others are divided by. */
  readonly baseline?: string
}

/** A run of a study. */
export interface StudyRun {
  readonly params: Readonly<Record<string, number | string | boolean>>
  readonly summary: Summary
}

/** A figure over several seeds. */
export interface Spread {
  readonly mean: number
  /** Standard deviation over the seeds (n − 1); undefined of a single one. */
  readonly deviation: number | undefined
}

/** A method at a rate: what its runs with several seeds have in common. */
export interface StudyRow {
  /** All parameters but the seed. */
  readonly params: Readonly<Record<string, number | string | boolean>>
  readonly seeds: number
  readonly clean: Spread | undefined
  readonly attacks: Readonly<Record<string, Spread>>
  /** Share of zeros among the weights that pruning may touch. */
  readonly sparsity: Spread | undefined
  /** Share of the operations that an engine which skips zeros would still do. */
  readonly flops: Spread | undefined
  /** Of training steps. */
  readonly secondsPerEpoch: Spread | undefined
  readonly trainingSeconds: Spread | undefined
  /** The baseline's seconds per epoch, with the same other parameters, over this row's. */
  readonly speedUp: number | undefined
}

/** A row for each combination of parameters, in the order in which they come first. */
export const studyRows = (runs: readonly StudyRun[], study: Study): readonly StudyRow[] => {
  const groups = new Map<string, StudyRun[]>()
  for (const run of runs) {
    const key = keyOf(withoutSeed(run.params))
    groups.set(key, [...(groups.get(key) ?? []), run])
  }
  const rows = [...groups.values()].flatMap((group) => rowOf(group) ?? [])
  const costs = new Map(rows.map(({ params, secondsPerEpoch }) => [keyOf(params), secondsPerEpoch?.mean]))
  return rows.map((row) => {
    const { params, secondsPerEpoch } = row
    const baseline = study.baseline && costs.get(keyOf({ ...params, [study.method]: study.baseline }))
    return { ...row, speedUp: baseline && secondsPerEpoch ? baseline / secondsPerEpoch.mean : undefined }
  })
}

const withoutSeed = ({ seed: _, ...others }: StudyRun['params']): StudyRun['params'] => others

const keyOf = (params: StudyRun['params']): string => JSON.stringify(Object.entries(params).sort())

const rowOf = (group: readonly StudyRun[]): StudyRow | undefined => {
  const [first] = group
  if (!first) return undefined
  const summaries = group.map(({ summary }) => summary)
  const accuracies = summaries.flatMap((summary) => accuraciesOf(summary) ?? [])
  const trained = summaries.map(trainingOf).filter(({ epochs }) => epochs > 0)
  return {
    params: withoutSeed(first.params),
    seeds: group.length,
    clean: spreadOf(accuracies.map(({ clean }) => clean)),
    attacks: Object.fromEntries(
      leading(accuracies).flatMap((name) => {
        const spread = spreadOf(accuracies.map((one) => one.attacks[name]))
        return spread ? [[name, spread] as const] : []
      }),
    ),
    sparsity: spreadOf(summaries.map(({ sparsity }) => sparsity)),
    flops: spreadOf(summaries.map(({ flops }) => flops && flops.kept / flops.total)),
    secondsPerEpoch: spreadOf(trained.map(({ epochs, seconds }) => seconds / epochs)),
    trainingSeconds: spreadOf(trained.map(({ seconds }) => seconds)),
    speedUp: undefined,
  }
}

/** After training; before it where nobody trained. */
export const accuraciesOf = ({ after, before }: Summary): Accuracies | undefined => after ?? before

/** Epochs of training, all phases together. */
export const epochsOf = ({ epochs }: Summary): number => sum(Object.values(epochs))

const trainingOf = (summary: Summary) => ({
  epochs: epochsOf(summary),
  seconds: sum(Object.keys(summary.epochs).map((phase) => summary.seconds[phase] ?? 0)),
})

const spreadOf = (figures: readonly (number | undefined)[]): Spread | undefined => {
  const values = figures.filter((value) => value !== undefined)
  if (values.length === 0) return undefined
  const mean = sum(values) / values.length
  const squares = sum(values.map((value) => (value - mean) ** 2))
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : undefined }
}
