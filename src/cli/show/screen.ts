import { printableLine } from '../../dsl/kit/printable.js'
import { lengthSeen, styled, windowSize } from '../draw/terminal.js'
import { wrapLine } from '../draw/text.js'
import { printLine } from './print.js'

/** Shows progress: lines that stay, and below them a live view that is redrawn. */
export interface Screen {
  /** Adds a line. */
  readonly line: (text: string) => void
  /**
   * Redraws the live view. `draw` receives the width of the window in characters; it is not called if the screen has no
   * live view, or too soon after the last time.
   */
  readonly live: (draw: (columns: number) => string) => void
  /** Removes the live view. */
  readonly end: () => void
}

/** Milliseconds between two redraws. */
const redrawPause = 100

const terminal = async (stream: NodeJS.WriteStream): Promise<Screen> => {
  const { createLogUpdate } = await import('log-update')
  const update = createLogUpdate(stream, { showCursor: true })
  let last = -Infinity
  return {
    line: (text) => {
      update.clear()
      const { columns } = windowSize(stream)
      for (const line of wrapLine(printableLine(text), columns, lengthSeen)) printLine(stream, line)
      last = -Infinity
    },
    live: (draw) => {
      const now = performance.now()
      if (now - last < redrawPause) return
      last = now
      update(styled(draw(windowSize(stream).columns)))
    },
    end: () => update.clear(),
  }
}

/** A file or a pipe, which gets only the lines that stay. */
const plain = (stream: NodeJS.WriteStream): Screen => ({
  line: (text) => printLine(stream, text),
  live: () => undefined,
  end: () => undefined,
})

const silent: Screen = { line: () => undefined, live: () => undefined, end: () => undefined }

/** A screen on a stream; `quiet` shows nothing. */
export const openScreen = async (stream: NodeJS.WriteStream, volume: 'normal' | 'quiet'): Promise<Screen> => {
  if (volume === 'quiet') return silent
  return stream.isTTY ? terminal(stream) : plain(stream)
}
