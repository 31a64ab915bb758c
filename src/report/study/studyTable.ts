import { formatPercent } from '../format.js'
import type { Table } from '../resultTable.js'
import type { Spread, StudyRow } from './study.js'

/** The rows of a study as text: means, and the standard deviation where there are several seeds. */
export const studyTable = (rows: readonly StudyRow[]): Table => {
  const params = [...new Set(rows.flatMap((row) => Object.keys(row.params)))]
  const attacks = [...new Set(rows.flatMap((row) => Object.keys(row.attacks)))]
  const seeds = rows.some((row) => row.seeds > 1)
  const faster = rows.some(({ speedUp }) => speedUp !== undefined)
  return {
    header: [
      ...params,
      ...(seeds ? ['seeds'] : []),
      'clean',
      ...attacks,
      'sparsity',
      'operations kept',
      'seconds per epoch',
      ...(faster ? ['speed-up'] : []),
    ],
    rows: rows.map((row) => [
      ...params.map((name) => String(row.params[name] ?? '–')),
      ...(seeds ? [String(row.seeds)] : []),
      share(row.clean),
      ...attacks.map((name) => share(row.attacks[name])),
      share(row.sparsity),
      share(row.flops),
      spread(row.secondsPerEpoch, (value) => value.toFixed(1)),
      ...(faster ? [row.speedUp === undefined ? '–' : `${row.speedUp.toFixed(1)}×`] : []),
    ]),
  }
}

const spread = (figure: Spread | undefined, format: (value: number) => string): string => {
  if (!figure) return '–'
  return figure.deviation === undefined ? format(figure.mean) : `${format(figure.mean)} ± ${format(figure.deviation)}`
}

/** `84.1 %`, or `84.1 ± 0.3 %`. */
const share = (figure: Spread | undefined): string =>
  figure?.deviation === undefined
    ? spread(figure, formatPercent)
    : `${(100 * figure.mean).toFixed(1)} ± ${formatPercent(figure.deviation)}`
