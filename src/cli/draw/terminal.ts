import pc from 'picocolors'

/** Colours for a stream; they do nothing if it is not a terminal or `NO_COLOR` is set. */
export const colorsFor = (stream: { readonly isTTY?: boolean }) =>
  pc.createColors(stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb')

/** Functions that colour a text. */
export type Colors = ReturnType<typeof colorsFor>

/** The size of a terminal's window in characters. */
export interface WindowSize {
  readonly columns: number
  readonly rows: number
}

/** The current window size, 80 × 24 if the stream is not a terminal. Users can change it at any time. */
export const windowSize = ({ columns = 80, rows = 24 }: NodeJS.WriteStream): WindowSize => ({ columns, rows })

/** Characters per line for text that stays: the window's width within 60 to 120, and 80 for a file or a pipe. */
export const lineWidth = ({ columns = 80 }: NodeJS.WriteStream): number => Math.max(60, Math.min(columns, 120))
