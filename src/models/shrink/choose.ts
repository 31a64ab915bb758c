import type { Constants } from './constants.js'
import { type Connection, nameOf, type Pieces, piece } from './tensors.js'

/** What becomes of a group's channels. */
export interface Choice {
  /** Those that stay, in order. */
  readonly kept: readonly number[]
  /** Constant channels that go, and the constant channel that stays in their place where zeros are added around it. */
  readonly merged: ReadonlyMap<number, number>
}

/** How much larger a constant may be than the one that stands in for it: rounding grows with it. */
const LARGEST_RATIO = 16

/**
 * Which channels of a group stay. One goes where nobody reads it, or where it is the same constant at all pixels for
 * everybody who does: its contribution is a bias. Behind added zeros it is not, but there one constant channel can stand
 * in for all others. One channel stays in any case.
 */
export const choose = (
  channels: number,
  readers: readonly Connection[],
  constants: Constants,
  pieces: Pieces,
): Choice => {
  const reads = readers.map((reader) => ({
    read: channelsRead(reader, piece(pieces, nameOf(reader.node, 'weight'))),
    values: constants.get(reader.source) ?? new Float64Array(0),
    padded: reader.padded,
  }))
  const readersOf = (c: number) => reads.filter(({ read }) => read[c] === 1)
  const all = Array.from({ length: channels }, (_, c) => c)
  const removable = all.filter((c) => readersOf(c).every(({ values }) => !Number.isNaN(values[c])))
  // A constant other than 0, read behind added zeros, needs one that stays.
  const padding = (c: number) => readersOf(c).filter(({ padded, values }) => padded && values[c] !== 0)
  const needing = removable.filter((c) => padding(c).length > 0)
  const standsIn = (r: number, c: number): boolean =>
    padding(c).every(({ values }) => {
      const ratio = (values[c] ?? Number.NaN) / (values[r] ?? Number.NaN)
      return Math.abs(ratio) <= LARGEST_RATIO
    })
  const served = (r: number): number => needing.filter((c) => standsIn(r, c)).length
  const best = needing.reduce<{ readonly channel: number; readonly served: number } | undefined>((known, channel) => {
    const next = { channel, served: served(channel) }
    return known && known.served >= next.served ? known : next
  }, undefined)?.channel
  const merged = new Map(
    best === undefined ? [] : needing.filter((c) => c !== best && standsIn(best, c)).map((c) => [c, best]),
  )
  const goes = new Set(removable.filter((c) => padding(c).length === 0 || merged.has(c)))
  const kept = all.filter((c) => !goes.has(c))
  return kept.length > 0 ? { kept, merged } : { kept: [0], merged }
}

/** 1 where any output depends on an input channel. */
const channelsRead = ({ places, inputs, outputs }: Connection, weight: Float32Array): Uint8Array => {
  const read = new Uint8Array(inputs)
  for (let place = 0, i = 0; place < places; place++)
    for (let c = 0; c < inputs; c++) for (let o = 0; o < outputs; o++, i++) if (weight[i] !== 0) read[c] = 1
  return read
}
