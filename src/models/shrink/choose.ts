import { present } from '../architecture/lookups.js'
import type { Pieces } from '../parameters/plainNetwork.js'
import { type Connection, nameOf } from './connections.js'
import type { Constants } from './constants.js'

/** Which units of a channel group, or which channels of a value, stay. */
export interface Choice {
  /** Indices of those that stay, in order. */
  readonly kept: readonly number[]
  /** For constant channels that go although a zero-padded layer reads them: the constant channel that replaces each. */
  readonly merged: ReadonlyMap<number, number>
}

/** Converts a choice of units to one of channels. @param width channels per unit */
export const ofChannels = ({ kept, merged }: Choice, width: number): Choice =>
  width === 1
    ? { kept, merged }
    : { kept: kept.flatMap((unit) => Array.from({ length: width }, (_, i) => unit * width + i)), merged: new Map() }

/** Largest ratio of a constant to the one that replaces it: rounding errors grow with it. */
const LARGEST_RATIO = 16

/**
 * Chooses which units of a channel group stay. A channel goes if no layer reads it, or if it is constant: then what it
 * contributes is a bias. For a zero-padded layer that holds only if the constant is 0, but there one constant channel
 * can replace all others. A unit of several channels goes if all its channels can go without such a replacement. At
 * least one unit stays.
 *
 * @param readers the layers that read the group and mix its channels
 */
export const choose = (units: number, readers: readonly Connection[], constants: Constants, pieces: Pieces): Choice => {
  const reads = readers.map((reader) => {
    const read = channelsRead(reader, present(pieces, nameOf(reader.node, 'weight')))
    return unitsRead(units, reader, read, constants.get(reader.source) ?? new Float64Array(0))
  })
  const readersOf = (c: number) => reads.filter(({ read }) => read[c] === 1)
  const all = Array.from({ length: units }, (_, c) => c)
  const removable = all.filter((c) => readersOf(c).every(({ values }) => !Number.isNaN(values[c])))
  // A constant other than 0 that a zero-padded layer reads needs another one to replace it.
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

/** Which units a layer reads, and the constant of each. */
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

/** 1 for each input channel that an output depends on, else 0. */
const channelsRead = ({ places, inputs, outputs }: Connection, weight: Float32Array): Uint8Array => {
  const read = new Uint8Array(inputs)
  for (let place = 0, i = 0; place < places; place++)
    for (let c = 0; c < inputs; c++) for (let o = 0; o < outputs; o++, i++) if (weight[i] !== 0) read[c] = 1
  return read
}
