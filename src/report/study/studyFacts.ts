import { enginesOf, type Summary } from '../../dsl/pipeline/run.js'
import type { RunPlan } from '../figures/runRecord.js'
import { type AttackSettings, attackSettings } from '../tables/attackSettings.js'
import { type MissingGradients, missingGradients } from '../tables/gradientNotes.js'
import { accuraciesOf, epochsOf } from './study.js'

/** A finished run of a sweep with the stages of its plan. */
export interface DescribedRun {
  readonly stages: RunPlan['stages']
  readonly summary: Summary
}

/** What the figures of several runs were measured on and with. */
export interface StudyFacts {
  readonly data: readonly { readonly name: string; readonly origin: string }[]
  /** Number of test images of an accuracy. */
  readonly testImages: readonly number[]
  /** Radii, from the attacks' settings. */
  readonly epsilons: readonly number[]
  readonly norms: readonly string[]
  readonly attacks: readonly AttackSettings[]
  /** Empty if every attack had a gradient on all examples. */
  readonly withoutGradient: MissingGradients
  /** Epochs of training in all phases, without 0. */
  readonly epochs: readonly number[]
  readonly engines: readonly string[]
  /** The version of this package. */
  readonly pwoa: string
}

/** Collects the facts of the runs. Each list has the distinct values, in the order of their first runs. */
export const studyFacts = (runs: readonly DescribedRun[], pwoa: string): StudyFacts => {
  const of = <A>(figure: (run: DescribedRun) => readonly A[]): readonly A[] => distinct(runs.flatMap(figure))
  const configs = runs.flatMap(({ stages }) => attackSettings({ stages }))
  return {
    data: of(({ summary }) => [summary.data]),
    testImages: distinct(runs.flatMap(({ summary }) => accuraciesOf(summary)?.examples ?? [])),
    epsilons: distinct(configs.flatMap(({ epsilon }) => epsilon ?? [])),
    norms: distinct(configs.flatMap(({ norm }) => norm ?? [])),
    attacks: distinct(configs),
    withoutGradient: missingGradients(runs.flatMap(({ summary }) => accuraciesOf(summary) ?? [])),
    epochs: of(({ summary }) => [epochsOf(summary)]).filter((epochs) => epochs > 0),
    engines: of(({ summary }) => enginesOf(summary)),
    pwoa,
  }
}

const distinct = <A>(values: readonly A[]): readonly A[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
]
