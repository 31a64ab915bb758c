import { drawnNamed } from '../../dsl/kit/radius.js'
import { accuraciesOf } from '../../report/study/study.js'
import { escapeMarkdown } from '../../report/tables/markdown.js'
import type { PointRecord } from './sweepTypes.js'

/** The figures of a sweep, a row for each point; a figure that a point does not have is undefined. */
export interface Results {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | boolean | undefined)[])[]
}

/**
 * The table of a sweep: parameters, accuracies (after training, if there was any), sizes, seconds, and the run's key.
 */
export const resultsOf = (points: readonly PointRecord[]): Results => {
  const params = [...new Set(points.flatMap(({ params: own }) => Object.keys(own)))].filter((key) => key !== 'seed')
  const attacks = [
    ...new Set(points.flatMap(({ summary }) => Object.keys((summary && accuraciesOf(summary))?.attacks ?? {}))),
  ]
  const stood = points.some(({ standing }) => standing !== undefined)
  return {
    columns: [
      ...params,
      'seed',
      'state',
      ...(stood ? ['rung', 'step', 'metric', 'why'] : []),
      'clean',
      ...attacks,
      'kept',
      'sparsity',
      'seconds',
      'key',
    ],
    rows: points.map((point) => {
      const { summary, standing } = point
      const accuracies = summary && accuraciesOf(summary)
      return [
        ...params.map((key) => point.params[key]),
        point.seed,
        point.state,
        ...(stood ? [standing?.rung, standing?.step, standing?.value, standing?.why] : []),
        accuracies?.clean,
        ...attacks.map((attack) => accuracies?.attacks[attack]),
        summary?.parameters && summary.parameters.kept / summary.parameters.total,
        summary?.sparsity,
        summary?.seconds.total,
        point.key,
      ]
    }),
  }
}

/**
 * The table as comma-separated values (RFC 4180). Spreadsheets take a text that begins with =, +, - or @ for a formula; it
 * gets an apostrophe before it, and they show it as text. Numbers stay numbers.
 *
 * Source: OWASP, "CSV Injection", owasp.org/www-community/attacks/CSV_Injection.
 */
export const csvOf = ({ columns, rows }: Results): string =>
  [columns, ...rows].map((row) => `${row.map((cell) => quoted(String(cell ?? ''))).join(',')}\r\n`).join('')

const quoted = (text: string): string => {
  if (isFormula(text)) return `"'${text.replaceAll('"', '""')}"`
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Full-width forms of the four characters, tabs and line breaks begin formulas in some spreadsheets too. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i

const isFormula = (text: string): boolean => FORMULA.test(text) && !NUMBER.test(text)

/** The table as a JSON array of objects. */
export const jsonOf = ({ columns, rows }: Results): string =>
  `[\n${rows.map((row) => JSON.stringify(Object.fromEntries(columns.map((name, i) => [name, row[i]])))).join(',\n')}\n]\n`

/** The table in Markdown, with figures to four digits and the caption below it. All text is escaped. */
export const markdownOf = ({ columns, rows }: Results, caption?: string): string => {
  const lines = [
    columns.map(escapeMarkdown),
    columns.map(() => '---'),
    ...rows.map((row) => row.map((cell, i) => shown(columns[i] ?? '', cell))),
  ]
  const table = lines.map((row) => `| ${row.join(' | ')} |\n`).join('')
  return caption === undefined ? table : `${table}\n${escapeMarkdown(caption)}\n`
}

const shown = (column: string, cell: string | number | boolean | undefined): string => {
  if (typeof cell !== 'number') return escapeMarkdown(String(cell ?? ''))
  return drawnNamed(column, cell, (value) => String(Number(value.toPrecision(4))))
}
