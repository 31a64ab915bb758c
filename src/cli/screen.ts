/** Where progress is shown: lines that stay, and below them one line that changes. */
export interface Screen {
  readonly line: (text: string) => void
  /** Shows a passing line, where the screen can; `draw` is not called where it can't, or too soon after the last. */
  readonly live: (draw: () => string) => void
  /** Takes the passing line away. */
  readonly end: () => void
}

const pause = 100

/** A terminal. */
const terminal = async (stream: NodeJS.WriteStream): Promise<Screen> => {
  const { createLogUpdate } = await import('log-update')
  const update = createLogUpdate(stream, { showCursor: true })
  let last = -Infinity
  return {
    line: (text) => {
      update.clear()
      stream.write(`${text}\n`)
      last = -Infinity
    },
    live: (draw) => {
      const now = performance.now()
      if (now - last < pause) return
      last = now
      update(draw())
    },
    end: () => update.clear(),
  }
}

/** A file or a pipe: nothing but whole lines. */
const plain = (stream: NodeJS.WriteStream): Screen => ({
  line: (text) => void stream.write(`${text}\n`),
  live: () => undefined,
  end: () => undefined,
})

const silent: Screen = { line: () => undefined, live: () => undefined, end: () => undefined }

/** The screen for a stream, as its kind allows; `quiet` shows nothing. */
export const openScreen = async (stream: NodeJS.WriteStream, volume: 'normal' | 'quiet'): Promise<Screen> => {
  if (volume === 'quiet') return silent
  return stream.isTTY ? terminal(stream) : plain(stream)
}
