import type { Accuracies } from '../../dsl/figures.js'
import type { Summary } from '../../dsl/pipeline/run.js'
import { formatPercent } from './format.js'

/** A table of text: the first column is a label, the others are figures. */
export interface Table {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The figures of a row: accuracies and costs. */
interface Row {
  readonly label: string
  readonly accuracies: Accuracies
  /** Share of the parameters. */
  readonly kept: number | undefined
  /** Share of the parameters that the mask alone keeps, if `shrink` removed more. */
  readonly masked: number | undefined
  readonly seconds: number | undefined
}

/** The part of a summary that a row needs. */
type Figures = Pick<Summary, 'before' | 'after' | 'parameters' | 'masked' | 'seconds'>

/** One run's figures before and after training; undefined without an evaluation. */
export const tableOfRun = (summary: Figures): Table | undefined =>
  tableOf([...before(summary), ...rowOf(summary, 'after', summary.after)])

/**
 * The figures of several runs: those before training, from the first run, and those after it, or before it in a run
 * without training. Undefined without an evaluation.
 */
export const tableOfComparison = (rows: Readonly<Record<string, Summary>>): Table | undefined =>
  tableOf([
    ...Object.values(rows)
      .slice(0, 1)
      .filter(({ after }) => after !== undefined)
      .flatMap(before),
    ...Object.entries(rows).flatMap(([label, summary]) => rowOf(summary, label, summary.after ?? summary.before)),
  ])

const before = (summary: Figures): Row[] =>
  summary.before === undefined
    ? []
    : [
        {
          label: 'before',
          accuracies: summary.before,
          kept: summary.after ? 1 : undefined,
          masked: undefined,
          seconds: undefined,
        },
      ]

const rowOf = ({ parameters, masked, seconds }: Figures, label: string, accuracies: Accuracies | undefined): Row[] =>
  accuracies === undefined
    ? []
    : [
        {
          label,
          accuracies,
          kept: parameters && parameters.kept / parameters.total,
          masked: parameters && masked && masked.parameters / parameters.total,
          seconds: seconds.total,
        },
      ]

const tableOf = (rows: readonly Row[]): Table | undefined => {
  if (rows.length === 0) return undefined
  const attacks = leading(rows.map(({ accuracies }) => accuracies))
  const cost = rows.some(({ seconds }) => seconds !== undefined)
  const smaller = rows.some(({ masked }) => masked !== undefined)
  return {
    header: [
      '',
      'clean',
      ...attacks,
      ...(cost ? ['parameters kept', ...(smaller ? ['kept by the mask alone'] : []), 'seconds'] : []),
    ],
    rows: rows.map(({ label, accuracies, kept, masked, seconds }) => [
      label,
      formatPercent(accuracies.clean),
      ...attacks.map((name) => shown(accuracies.attacks[name], formatPercent)),
      ...(cost
        ? [
            shown(kept, formatPercent),
            ...(smaller ? [shown(masked, formatPercent)] : []),
            shown(seconds, (value) => value.toFixed(1)),
          ]
        : []),
    ]),
  }
}

/**
 * Names of the attacks. Sequences such as AutoAttack, whose figures are the ones to quote, come before single attacks.
 */
export const leading = (all: readonly Accuracies[]): readonly string[] => {
  const names = [...new Set(all.flatMap(({ attacks }) => Object.keys(attacks)))]
  const isSequence = (name: string): boolean =>
    all.some(({ details }) => Object.keys(details?.[name]?.stages ?? {}).length > 1)
  return [...names.filter(isSequence), ...names.filter((name) => !isSequence(name))]
}

const shown = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '–' : format(value)
