import * as t from 'io-ts'
import type { Accuracies } from '../../dsl/figures.js'
import { objectCodec, optionalCodec, recordCodec } from '../../dsl/kit/codecOf.js'
import { amountCodec, countCodec, finiteCodec } from '../../dsl/kit/figureCodecs.js'
import type { Summary } from '../../dsl/pipeline/run.js'
import { sum } from '../../math/sums.js'
import { leading } from '../tables/resultTable.js'

const study = t.intersection([
  objectCodec({
    /** The parameter whose values are the methods. */
    method: t.string,
    /** The numeric parameter on the x axis, such as the rate. */
    across: t.string,
  }),
  optionalCodec({
    /** The method that speed-ups refer to. @default none: no speed-ups */
    baseline: t.string,
  }),
])

/** How the runs of a sweep are compared. Values are names of parameters, except the baseline. */
export interface Study extends t.TypeOf<typeof study> {}

/** The codec of {@link Study}. */
export const Study: t.Type<Study> = study

/** A finished run of a study. */
export interface StudyRun {
  readonly params: Readonly<Record<string, number | string | boolean>>
  readonly summary: Summary
}

const spread = objectCodec({
  mean: finiteCodec,
  /** Standard deviation over the seeds, with n − 1 in the denominator; undefined for a single seed. */
  deviation: t.union([amountCodec, t.undefined]),
})

/** Mean and standard deviation of a figure over several seeds. */
export interface Spread extends t.TypeOf<typeof spread> {}

/** The codec of {@link Spread}. */
export const Spread: t.Type<Spread> = spread

const maybeSpread = t.union([Spread, t.undefined])

const studyRow = objectCodec({
  /** All parameters except the seed. */
  params: recordCodec(t.union([t.number, t.string, t.boolean])),
  seeds: countCodec,
  clean: maybeSpread,
  attacks: recordCodec(Spread),
  /** Share of zeros among the prunable weights. */
  sparsity: maybeSpread,
  /** Share of the operations that remain for an engine that skips zeros. */
  flops: maybeSpread,
  /** Seconds of training per epoch. */
  secondsPerEpoch: maybeSpread,
  trainingSeconds: maybeSpread,
  /** The baseline's seconds per epoch, with otherwise the same parameters, divided by this row's. */
  speedUp: t.union([amountCodec, t.undefined]),
})

/** The runs that differ only in their seed, such as one method at one rate. */
export interface StudyRow extends t.TypeOf<typeof studyRow> {}

/** The codec of {@link StudyRow}. */
export const StudyRow: t.Type<StudyRow> = studyRow

/** One row per combination of parameters without the seed, in the order of their first runs. */
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

/** The accuracies after training, or before it if the run did not train. */
export const accuraciesOf = ({ after, before }: Summary): Accuracies | undefined => after ?? before

/** Number of epochs of training in all phases. */
export const epochsOf = ({ epochs }: Summary): number => sum(Object.values(epochs))

const trainingOf = (summary: Summary) => ({
  epochs: epochsOf(summary),
  seconds: sum(Object.keys(summary.epochs).map((phase) => summary.seconds[phase] ?? 0)),
})

/** Mean and standard deviation of figures; undefined without any. */
export const spreadOf = (figures: readonly (number | undefined)[]): Spread | undefined => {
  const values = figures.filter((value) => value !== undefined)
  if (values.length === 0) return undefined
  const mean = sum(values) / values.length
  const squares = sum(values.map((value) => (value - mean) ** 2))
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : undefined }
}
