import type { Summary } from '../../dsl/run.js'
import { type AttackSettings, attackSettings } from '../attackSettings.js'
import type { RunPlan } from '../runRecord.js'
import { accuraciesOf, epochsOf } from './study.js'

/** A run of a sweep that is done, and what it was made of. */
export interface DescribedRun {
  readonly stages: RunPlan['stages']
  readonly summary: Summary
}

/** What the figures of several runs were measured on, and by what. */
export interface StudyFacts {
  readonly data: readonly { readonly name: string; readonly origin: string }[]
  /** Test images behind each accuracy. */
  readonly testImages: readonly number[]
  /** Radii, as they stand in the attacks' settings. */
  readonly epsilons: readonly number[]
  readonly norms: readonly string[]
  readonly attacks: readonly AttackSettings[]
  /** Of training, those of runs that trained, all phases together. */
  readonly epochs: readonly number[]
  readonly engines: readonly string[]
  /** The version of this package. */
  readonly pwoa: string
}

/** Reads them off the runs: each list has what differs among them, in the order in which it comes first. */
export const studyFacts = (runs: readonly DescribedRun[], pwoa: string): StudyFacts => {
  const of = <A>(figure: (run: DescribedRun) => readonly A[]): readonly A[] => distinct(runs.flatMap(figure))
  const configs = runs.flatMap(({ stages }) => attackSettings({ stages }))
  return {
    data: of(({ summary }) => [summary.data]),
    testImages: distinct(runs.flatMap(({ summary }) => accuraciesOf(summary)?.examples ?? [])),
    epsilons: distinct(configs.flatMap(({ epsilon }) => epsilon ?? [])),
    norms: distinct(configs.flatMap(({ norm }) => norm ?? [])),
    attacks: distinct(configs),
    epochs: of(({ summary }) => [epochsOf(summary)]).filter((epochs) => epochs > 0),
    engines: of(({ summary }) => [summary.engine]),
    pwoa,
  }
}

const distinct = <A>(values: readonly A[]): readonly A[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
]
