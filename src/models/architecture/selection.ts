/** A selection of channels in the simplest form that computes it. */
export type Selection =
  /** Channels that follow each other. */
  | { readonly type: 'range'; readonly begin: number; readonly size: number }
  /** All channels, with zeros before and after them. */
  | { readonly type: 'zeros'; readonly before: number; readonly after: number }
  /** Any order. `places`: for each channel that of the input, or the number of inputs for zeros. */
  | { readonly type: 'places'; readonly places: readonly number[]; readonly zeros: 0 | 1 }

/** A channel of zeros among the channels that a layer selects. */
export const ZEROS = -1

/**
 * The form of a selection.
 *
 * @param channels see `selectChannels`
 * @param inputs number of channels to select from
 */
export const selectionOf = (channels: readonly number[], inputs: number): Selection => {
  const begin = channels[0] ?? 0
  if (begin >= 0 && channels.every((channel, i) => channel === begin + i))
    return { type: 'range', begin, size: channels.length }
  const before = channels.findIndex((channel) => channel !== ZEROS)
  const after = channels.length - before - inputs
  const isPadded = channels.every((channel, i) => channel === (i < before || i >= before + inputs ? ZEROS : i - before))
  if (isPadded && after >= 0) return { type: 'zeros', before, after }
  const places = channels.map((channel) => (channel === ZEROS ? inputs : channel))
  return { type: 'places', places, zeros: channels.includes(ZEROS) ? 1 : 0 }
}

/** The selection that returns each channel to its place, with zeros where none was selected: that of the gradient. */
export const inverseOf = (channels: readonly number[], inputs: number): readonly number[] => {
  const inverse = new Array<number>(inputs).fill(ZEROS)
  for (const [i, channel] of channels.entries()) if (channel !== ZEROS) inverse[channel] = i
  return inverse
}
