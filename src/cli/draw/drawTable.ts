import { printableLine } from '../../dsl/kit/printable.js'
import type { Table } from '../../report/tables/resultTable.js'
import type { Colors } from './terminal.js'
import { shortenApart } from './text.js'

const gap = '  '

/** The narrowest first column, and the longest word that is kept in it, in characters. */
const narrowest = 12
const longestWord = 24

/**
 * Draws a table in aligned columns. If it is wider than `width`, headers and labels are broken between words, and words
 * of labels that are still too long lose their middle.
 */
export const drawTable = (given: Table, width: number, colors: Colors): string => {
  const table = { header: given.header.map(printableLine), rows: given.rows.map((row) => row.map(printableLine)) }
  const widths = figureWidths(table)
  const figuresWidth = widths.reduce((total, one) => total + one + gap.length, 0)
  const { header, rows } = fitLabels(table, width - figuresWidth)
  const labels = [header[0] ?? '', ...rows.map((row) => row[0] ?? '')]
  const longest = Math.max(...labels.flatMap(words).map(lengthOf))
  const labelWidth = Math.max(Math.min(Math.max(...labels.map(lengthOf)), width - figuresWidth), narrowest, longest)

  const drawRow = (row: readonly string[], place: 'top' | 'bottom'): string[] => {
    const columns = row.map((cell, index) => wrap(cell, index === 0 ? labelWidth : (widths[index - 1] ?? 0)))
    const height = Math.max(...columns.map((lines) => lines.length))
    return Array.from({ length: height }, (_, line) =>
      columns
        .map((lines, index) => {
          const text = lines[place === 'top' ? line : line - height + lines.length] ?? ''
          return index === 0 ? text.padEnd(labelWidth) : text.padStart(widths[index - 1] ?? 0)
        })
        .join(gap)
        .trimEnd(),
    )
  }
  const rule = '─'.repeat(labelWidth + figuresWidth)
  const lines = [
    ...drawRow(header, 'bottom').map(colors.bold),
    colors.dim(rule),
    ...rows.flatMap((row) => drawRow(row, 'top')),
  ]
  return `${lines.join('\n')}\n`
}

const words = (text: string): string[] => text.split(' ')

const lengthOf = (text: string): number => [...text].length

const figureWidths = ({ header, rows }: Table): number[] =>
  header
    .slice(1)
    .map((title, index) =>
      Math.max(...words(title).map(lengthOf), ...rows.map((row) => lengthOf(row[index + 1] ?? ''))),
    )

/** Shortens words of labels that don't fit, but not so far that they become unclear or equal. */
const fitLabels = ({ header, rows }: Table, width: number): Table => {
  const most = Math.max(width, longestWord)
  const long = [...new Set(rows.flatMap((row) => words(row[0] ?? '')).filter((word) => lengthOf(word) > most))]
  const short = new Map(shortenApart(long, most).map((word, index) => [long[index] ?? '', word]))
  const fitted = (text: string): string =>
    words(text)
      .map((word) => short.get(word) ?? word)
      .join(' ')
  return { header, rows: rows.map(([first = '', ...figures]) => [fitted(first), ...figures]) }
}

const wrap = (text: string, width: number): string[] => {
  if (lengthOf(text) <= width) return [text]
  return words(text).reduce<string[]>((lines, word) => {
    const last = lines.at(-1)
    if (last === undefined || lengthOf(last) + 1 + lengthOf(word) > width) return [...lines, word]
    return [...lines.slice(0, -1), `${last} ${word}`]
  }, [])
}
