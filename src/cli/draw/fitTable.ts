import pc from 'picocolors'
import type { Table } from '../../report/tables/resultTable.js'
import { drawTable } from './drawTable.js'
import type { WindowSize } from './terminal.js'

/** A table to be shown in a window that may be too small for it. */
export interface LiveTable {
  readonly table: Table
  /** Columns that may be left out, the least important first. */
  readonly expendable: readonly string[]
  /** Indices of its rows, the latest first. */
  readonly latest: readonly number[]
}

/** The part of a table that is shown, and a note about the rest. */
export interface FittedTable {
  readonly table: Table
  readonly note: string | undefined
}

const plain = pc.createColors(false)

/** As much of a table as a window takes: whole columns, and the latest rows. Undefined if nothing fits. */
export const fitTable = (
  { table, expendable, latest }: LiveTable,
  { columns, rows }: WindowSize,
): FittedTable | undefined => {
  const narrow = narrowed(table, expendable, columns)
  if (!narrow) return undefined
  for (let count = table.rows.length; count > 0; count--) {
    const shown = latest.slice(0, count).toSorted((a, b) => a - b)
    const part = { header: narrow.table.header, rows: shown.flatMap((index) => [narrow.table.rows[index] ?? []]) }
    const note = noteOf(table.rows.length - count, narrow.left, columns)
    const height = drawn(part, columns).length + (note === undefined ? 0 : 1)
    if (height <= rows) return { table: part, note }
  }
  return undefined
}

/** The table without as few columns as possible; undefined if it is still too wide. */
const narrowed = (
  table: Table,
  expendable: readonly string[],
  columns: number,
): { readonly table: Table; readonly left: readonly string[] } | undefined => {
  for (let count = 0; count <= expendable.length; count++) {
    const left = expendable.slice(0, count)
    const kept = table.header.flatMap((name, index) => (left.includes(name) ? [] : [index]))
    const pick = (row: readonly string[]): readonly string[] => kept.map((index) => row[index] ?? '')
    const part = { header: pick(table.header), rows: table.rows.map(pick) }
    if (kept.length > 0 && Math.max(...drawn(part, columns).map((line) => [...line].length)) <= columns)
      return { table: part, left }
  }
  return undefined
}

const drawn = (table: Table, columns: number): readonly string[] =>
  drawTable(table, columns, plain).trimEnd().split('\n')

const noteOf = (more: number, left: readonly string[], columns: number): string | undefined => {
  const parts = [
    ...(more > 0 ? [`… ${more} more`] : []),
    ...(left.length > 0 ? [`${left.length} column${left.length === 1 ? '' : 's'} left out: ${left.join(', ')}`] : []),
  ]
  const text = parts.join('; ')
  if (text === '') return undefined
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`
}
