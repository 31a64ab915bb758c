import { latexText } from './latex.js'
import type { Spread, Study, StudyRow } from './study.js'
import { studyTable } from './studyTable.js'

/**
 * The table of a study for a paper: LaTeX with the package `booktabs`. The best mean of clean and of each robust accuracy is
 * bold, among rows that differ only in the method; the unpruned network, which stands alone at its rate, is compared with
 * nothing.
 *
 * @param caption what the figures were measured on
 */
export const studyTex = (rows: readonly StudyRow[], { method }: Study, caption: string): string => {
  const { header, rows: cells } = studyTable(rows)
  const columns = header.map((name, column) => (isText(cells, column) || name === method ? 'l' : 'r')).join('')
  const bold = boldCells(rows, header, method)
  const line = (row: readonly string[], marks: ReadonlySet<string> = new Set()): string =>
    row.map((cell, i) => (marks.has(header[i] ?? '') ? `\\textbf{${latexText(cell)}}` : latexText(cell))).join(' & ')
  return `% Needs \\usepackage{booktabs}.
\\begin{table}
  \\centering
  \\caption{${latexText(caption)}}
  \\begin{tabular}{${columns}}
    \\toprule
    ${line(header)} \\\\
    \\midrule
${cells.map((row, i) => `    ${line(row, bold[i])} \\\\`).join('\n')}
    \\bottomrule
  \\end{tabular}
\\end{table}
`
}

/** Whether a column holds words: none of its cells begins as a number does. */
const isText = (cells: readonly (readonly string[])[], column: number): boolean =>
  cells.every((row) => !/^[-–\d]/.test(row[column] ?? ''))

/** Names of the columns whose cell is the best of its group, for each row. */
const boldCells = (
  rows: readonly StudyRow[],
  header: readonly string[],
  method: string,
): readonly ReadonlySet<string>[] => {
  const groupOf = ({ params }: StudyRow): string =>
    JSON.stringify(Object.entries(params).filter(([name]) => name !== method))
  const alike = (row: StudyRow): readonly StudyRow[] => rows.filter((other) => groupOf(other) === groupOf(row))
  return rows.map((row) => {
    const group = alike(row)
    const isBest = (name: string): boolean => {
      const own = figureOf(row, name)?.mean
      return own !== undefined && group.length > 1 && group.every((other) => (figureOf(other, name)?.mean ?? 0) <= own)
    }
    return new Set(header.filter(isBest))
  })
}

const figureOf = ({ clean, attacks }: StudyRow, column: string): Spread | undefined =>
  column === 'clean' ? clean : attacks[column]
