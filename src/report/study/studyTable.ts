import { drawnNamed } from '../../dsl/kit/radius.js'
import { formatPercent } from '../tables/format.js'
import type { Table } from '../tables/resultTable.js'
import type { Spread, StudyRow } from './study.js'

/** The rows of a study as text: means, and standard deviations if there are several seeds. */
export const studyTable = (rows: readonly StudyRow[]): Table => {
  const params = [...new Set(rows.flatMap((row) => Object.keys(row.params)))]
  const attacks = [...new Set(rows.flatMap((row) => Object.keys(row.attacks)))]
  const columns: readonly Column[] = [
    ...params.map((name): Column => [name, (row) => textOf(name, row.params[name])]),
    ['seeds', ({ seeds }) => (rows.some((row) => row.seeds > 1) ? String(seeds) : undefined)],
    ['clean', ({ clean }) => share(clean)],
    ...attacks.map((name): Column => [name, (row) => share(row.attacks[name])]),
    ['sparsity', ({ sparsity }) => share(sparsity)],
    ['operations kept', ({ flops }) => share(flops)],
    ['seconds per epoch', ({ secondsPerEpoch }) => spread(secondsPerEpoch, (value) => value.toFixed(1))],
    ['speed-up', ({ speedUp }) => (speedUp === undefined ? undefined : `${speedUp.toFixed(1)}×`)],
  ]
  const shown = columns.filter(([, cell]) => rows.some((row) => cell(row) !== undefined))
  return {
    header: shown.map(([name]) => name),
    rows: rows.map((row) => shown.map(([, cell]) => cell(row) ?? '–')),
  }
}

/** Title, and the cell of a row. A column whose cells are all undefined is left out. */
type Column = readonly [title: string, cell: (row: StudyRow) => string | undefined]

const textOf = (name: string, value: StudyRow['params'][string] | undefined): string | undefined =>
  value === undefined ? undefined : drawnNamed(name, value)

const spread = (figure: Spread | undefined, format: (value: number) => string): string | undefined => {
  if (!figure) return undefined
  return figure.deviation === undefined ? format(figure.mean) : `${format(figure.mean)} ± ${format(figure.deviation)}`
}

/** `84.1 %`, or `84.1 ± 0.3 %`. */
const share = (figure: Spread | undefined): string | undefined =>
  figure?.deviation === undefined
    ? spread(figure, formatPercent)
    : `${(100 * figure.mean).toFixed(1)} ± ${formatPercent(figure.deviation)}`
