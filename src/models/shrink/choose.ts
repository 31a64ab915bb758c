import type { Constants } from './constants.js'
import { type Connection, nameOf, type Pieces, piece } from './tensors.js'

/** What becomes of a group's units, or of the channels of a value. */
export interface Choice {
  /** Those that stay, in order. */
  readonly kept: readonly number[]
  /** Constant channels that go, and the constant channel that stays in their place where zeros are added around it. */
  readonly merged: ReadonlyMap<number, number>
}

/** The same for a value of which each unit is `width` channels. */
export const ofChannels = ({ kept, merged }: Choice, width: number): Choice =>
  width === 1
    ? { kept, merged }
    : { kept: kept.flatMap((unit) => Array.from({ length: width }, (_, i) => unit * width + i)), merged: new Map() }

/** How much larger a constant may be than the one that stands in for it: rounding grows with it. */
const LARGEST_RATIO = 16

/**
 * Which units of a group stay. A channel goes where nobody reads it, or where it is the same constant at all pixels for
 * everybody who does: its contribution is a bias. Behind added zeros it is not, but there one constant channel can stand
 * in for all others. A unit of several channels goes where all of them do, with none to stand in. One stays in any case.
 *
 * @param readers those that mix what they read
 */
export const choose = (units: number, readers: readonly Connection[], constants: Constants, pieces: Pieces): Choice => {
  const reads = readers.map((reader) => {
    const read = channelsRead(reader, piece(pieces, nameOf(reader.node, 'weight')))
    return unitsRead(units, reader, read, constants.get(reader.source) ?? new Float64Array(0))
  })
  const readersOf = (c: number) => reads.filter(({ read }) => read[c] === 1)
  const all = Array.from({ length: units }, (_, c) => c)
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

/** What a layer reads of each unit, and the number that it finds there. */
const unitsRead = (units: number, { inputs, padded }: Connection, read: Uint8Array, values: Float64Array) => {
  const width = inputs / units
  if (width === 1) return { read, values, padded }
  const channels = (unit: number): readonly number[] =>
    Array.from({ length: width }, (_, i) => unit * width + i).filter((c) => read[c] === 1)
  const constant = (c: number): boolean => (padded ? values[c] === 0 : !Number.isNaN(values[c]))
  return {
    read: Uint8Array.from({ length: units }, (_, unit) => (channels(unit).length > 0 ? 1 : 0)),
    values: Float64Array.from({ length: units }, (_, unit) => (channels(unit).every(constant) ? 0 : Number.NaN)),
    padded,
  }
}

/** 1 where any output depends on an input channel. */
const channelsRead = ({ places, inputs, outputs }: Connection, weight: Float32Array): Uint8Array => {
  const read = new Uint8Array(inputs)
  for (let place = 0, i = 0; place < places; place++)
    for (let c = 0; c < inputs; c++) for (let o = 0; o < outputs; o++, i++) if (weight[i] !== 0) read[c] = 1
  return read
}
