import pc from 'picocolors'

/** Colours for a stream: none where it is no terminal, or `NO_COLOR` is set. */
export const colorsFor = (stream: { readonly isTTY?: boolean }) =>
  pc.createColors(stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb')

export type Colors = ReturnType<typeof colorsFor>
