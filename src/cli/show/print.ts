import { printableLine } from '../../dsl/kit/printable.js'
import { styled } from '../draw/terminal.js'

/** Prints text with its styles: the one place where the command writes to a stream. Resolves when it is written. */
export const print = (stream: NodeJS.WritableStream, text: string): Promise<void> =>
  new Promise((resolve) => {
    if (text === '') resolve()
    else stream.write(styled(text), () => resolve())
  })

/** Prints one line. A line break inside a name does not begin another one. */
export const printLine = (stream: NodeJS.WritableStream, text: string): void =>
  void print(stream, `${printableLine(text)}\n`)
