import { randomUUID } from 'node:crypto'
import pc from 'picocolors'
import { printable } from '../../dsl/kit/printable.js'

/** Functions that colour a text, for {@link styled}. */
export type Colors = Readonly<Record<'bold' | 'dim' | 'cyan' | 'green' | 'red' | 'yellow', (text: string) => string>>

const ESCAPE = '\x1b'

/**
 * Stands for the escape character of our own styles until they are printed. Each process draws another one, so that no
 * text from a file contains it.
 */
const mark = `<${randomUUID()}>`

/** Colours for a stream; they do nothing if it is not a terminal or `NO_COLOR` is set. */
export const colorsFor = (stream: { readonly isTTY?: boolean }): Colors => {
  const colors = pc.createColors(stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb')
  const marked = (style: (text: string) => string) => (text: string) => style(printable(text)).replaceAll(ESCAPE, mark)
  const { bold, dim, cyan, green, red, yellow } = colors
  return {
    bold: marked(bold),
    dim: marked(dim),
    cyan: marked(cyan),
    green: marked(green),
    red: marked(red),
    yellow: marked(yellow),
  }
}

/**
 * Text as a terminal gets it: with our own styles, and without any other character that a terminal obeys. Names, labels
 * and messages may come from files and machines that are not trusted.
 */
export const styled = (text: string): string => printable(text).replaceAll(mark, ESCAPE)

/** How many characters of a text are seen: our own styles take no room. */
export const lengthSeen = (text: string): number =>
  text
    .split(mark)
    .map((part, i) => [...(i === 0 ? part : part.replace(/^\[\d+m/, ''))].length)
    .reduce((sum, length) => sum + length, 0)

/** The size of a terminal's window in characters. */
export interface WindowSize {
  readonly columns: number
  readonly rows: number
}

/** The current window size, 80 × 24 if the stream is not a terminal. Users can change it at any time. */
export const windowSize = ({ columns = 80, rows = 24 }: NodeJS.WriteStream): WindowSize => ({ columns, rows })

/** Characters per line for text that stays: the window's width within 40 to 120, and 80 for a file or a pipe. */
export const lineWidth = ({ columns = 80 }: NodeJS.WriteStream): number => Math.max(40, Math.min(columns, 120))
