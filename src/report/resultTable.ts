import type { Accuracies } from '../dsl/events.js'
import type { Summary } from '../dsl/run.js'
import { formatPercent } from './format.js'

/** A table as text: the first column is a label, the others are figures. */
export interface Table {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The figures of a row: where they come from, and what it cost to get there. */
interface Row {
  readonly label: string
  readonly accuracies: Accuracies
  readonly kept: number | undefined
  /** By the mask alone, where the network was made smaller than that. */
  readonly masked: number | undefined
  readonly seconds: number | undefined
}

/** What a row is made of. */
type Figures = Pick<Summary, 'before' | 'after' | 'parameters' | 'masked' | 'seconds'>

/** Before and after of one run; undefined where nothing was evaluated. */
export const tableOfRun = (summary: Figures): Table | undefined =>
  tableOf([...before(summary), ...rowOf(summary, 'after', summary.after)])

/** Before, read off the first row, and after of each row of a comparison; what nobody trained has one figure alone. */
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
      ...(cost ? ['parameters kept', ...(smaller ? ['by the mask alone'] : []), 'seconds'] : []),
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

/** The attacks' names, AutoAttack before those that stand alone: it is the figure to quote. */
export const leading = (all: readonly Accuracies[]): readonly string[] => {
  const names = [...new Set(all.flatMap(({ attacks }) => Object.keys(attacks)))]
  const isSequence = (name: string): boolean =>
    all.some(({ details }) => Object.keys(details?.[name]?.stages ?? {}).length > 1)
  return [...names.filter(isSequence), ...names.filter((name) => !isSequence(name))]
}

const shown = (value: number | undefined, format: (value: number) => string): string =>
  value === undefined ? '–' : format(value)
