import type { Table } from '../report/resultTable.js'
import type { Colors } from './colors.js'

const gap = '  '
const narrowest = 12

/** Draws a table in aligned columns. Where it is wider than `width`, headers and labels are broken between words. */
export const drawTable = ({ header, rows }: Table, width: number, colors: Colors): string => {
  const cells = header.slice(1).map((title, index) => [title, ...rows.map((row) => row[index + 1] ?? '')] as const)
  const widths = cells.map(([title, ...figures]) => Math.max(...words(title).map(lengthOf), ...figures.map(lengthOf)))
  const figuresWidth = widths.reduce((total, one) => total + one + gap.length, 0)
  const labels = [header[0] ?? '', ...rows.map((row) => row[0] ?? '')]
  const labelWidth = Math.max(Math.min(Math.max(...labels.map(lengthOf)), width - figuresWidth), narrowest)

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

const wrap = (text: string, width: number): string[] => {
  if (lengthOf(text) <= width) return [text]
  return words(text).reduce<string[]>((lines, word) => {
    const last = lines.at(-1)
    if (last === undefined || lengthOf(last) + 1 + lengthOf(word) > width) return [...lines, word]
    return [...lines.slice(0, -1), `${last} ${word}`]
  }, [])
}
