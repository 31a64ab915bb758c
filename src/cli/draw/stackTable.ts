import { printableLine } from '../../dsl/kit/printable.js'
import type { Table } from '../../report/tables/resultTable.js'
import { drawTable } from './drawTable.js'
import type { Colors } from './terminal.js'

/** In narrower windows tables are stacked: a header in pieces can't be read. */
const narrow = 70

/** A table in columns, or in a narrow window one row below the other. */
export const drawTableFor = (table: Table, width: number, colors: Colors): string =>
  width < narrow ? stackTable(table, colors) : drawTable(table, width, colors)

/** Each row as a block: its label, then a line for each figure. */
const stackTable = ({ header, rows }: Table, colors: Colors): string => {
  const names = header.slice(1).map(printableLine)
  const nameWidth = Math.max(...names.map((name) => [...name].length))
  const figureWidth = Math.max(...rows.flatMap((row) => row.slice(1).map((figure) => [...figure].length)))
  return rows
    .map(([label = '', ...figures]) => {
      const lines = figures.map(
        (figure, i) => `  ${(names[i] ?? '').padEnd(nameWidth)}  ${printableLine(figure).padStart(figureWidth)}\n`,
      )
      return `${colors.bold(printableLine(label))}\n${lines.join('')}`
    })
    .join('\n')
}
