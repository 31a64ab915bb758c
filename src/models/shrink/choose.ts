import { present } from '../architecture/lookups.js'
import type { Pieces } from '../parameters/plainNetwork.js'
import { type Connection, nameOf } from './connections.js'
import type { Constants } from './constants.js'

/** Which channels of a value stay. */
export interface Choice {
  /** Indices of those that stay, in order. */
  readonly kept: readonly number[]
  /** For constant channels that go although a zero-padded layer reads them: the constant channel that replaces each. */
  readonly merged: ReadonlyMap<number, number>
}

/** Which units go. */
export interface Removal {
  readonly gone: ReadonlySet<number>
  /** For units that go although a zero-padded layer reads them: the unit whose constant replaces each. */
  readonly merged: ReadonlyMap<number, number>
}

/** A layer that mixes the channels that it reads. */
export interface Reader {
  readonly padded: boolean
  /** By unit, the channels of the value that it reads. */
  readonly channels: ReadonlyMap<number, readonly number[]>
  /** 1 for each channel that an output depends on. */
  readonly read: Uint8Array
  /** The constant of each channel; NaN if it varies. */
  readonly values: Float64Array
}

/** A layer as a reader of units. @param units of the channels of its source */
export const readerOf = (connection: Connection, units: Int32Array, constants: Constants, pieces: Pieces): Reader => {
  const channels = new Map<number, number[]>()
  for (const [c, unit] of units.entries()) {
    const known = channels.get(unit)
    if (known) known.push(c)
    else channels.set(unit, [c])
  }
  return {
    padded: connection.padded,
    channels,
    read: channelsRead(connection, present(pieces, nameOf(connection.node, 'weight'))),
    values: constants.get(connection.source) ?? new Float64Array(0),
  }
}

/** Largest ratio of a constant to the one that replaces it: rounding errors grow with it. */
const LARGEST_RATIO = 16

/**
 * Chooses which units of a group go. A channel goes if no layer reads it, or if it is constant: then what it contributes
 * is a bias. For a zero-padded layer that holds only if the constant is 0, but there one constant channel can replace all
 * others. A unit of several channels goes if all its channels can go without such a replacement.
 *
 * @param units those that may go
 * @param readers the layers that read some of them
 */
export const choose = (units: readonly number[], readers: readonly Reader[]): Removal => {
  const known = new Map(units.map((unit) => [unit, readers.map((reader) => useOf(reader, unit))]))
  const usesOf = (unit: number): readonly Use[] => known.get(unit) ?? []
  const removable = units.filter((unit) => usesOf(unit).every(({ reads, value }) => !reads || !Number.isNaN(value)))
  // A constant other than 0 that a zero-padded layer reads needs another one to replace it.
  const padding = new Map(
    removable.map((unit) => [unit, [...usesOf(unit).entries()].filter(([, use]) => use.reads && use.needsOther)]),
  )
  const needing = removable.filter((unit) => padding.get(unit)?.length !== 0)
  const standsIn = (stand: number, unit: number): boolean =>
    (padding.get(unit) ?? []).every(([reader, { value }]) => {
      const ratio = value / (usesOf(stand)[reader]?.value ?? Number.NaN)
      return Math.abs(ratio) <= LARGEST_RATIO
    })
  const served = (stand: number): number => needing.filter((unit) => standsIn(stand, unit)).length
  const best = needing.reduce<{ readonly unit: number; readonly served: number } | undefined>((found, unit) => {
    const next = { unit, served: served(unit) }
    return found && found.served >= next.served ? found : next
  }, undefined)?.unit
  const merged = new Map(
    best === undefined
      ? []
      : needing.filter((unit) => unit !== best && standsIn(best, unit)).map((unit) => [unit, best]),
  )
  return { gone: new Set(removable.filter((unit) => padding.get(unit)?.length === 0 || merged.has(unit))), merged }
}

/** What a layer does with a unit. */
interface Use {
  readonly reads: boolean
  /** The unit's constant, NaN if it varies: of several channels, 0 if they can go without a replacement. */
  readonly value: number
  /** Whether the unit can only go if another one replaces it. */
  readonly needsOther: boolean
}

const useOf = ({ padded, channels, read, values }: Reader, unit: number): Use => {
  const [first, ...others] = channels.get(unit) ?? []
  if (first !== undefined && others.length === 0) {
    const value = values[first] ?? Number.NaN
    return { reads: read[first] === 1, value, needsOther: padded && value !== 0 }
  }
  const seen = (channels.get(unit) ?? []).filter((c) => read[c] === 1)
  const isConstant = (c: number): boolean => (padded ? values[c] === 0 : !Number.isNaN(values[c]))
  return { reads: seen.length > 0, value: seen.every(isConstant) ? 0 : Number.NaN, needsOther: false }
}

/** 1 for each input channel that an output depends on, else 0. */
const channelsRead = ({ places, inputs, outputs }: Connection, weight: Float32Array): Uint8Array => {
  const read = new Uint8Array(inputs)
  for (let place = 0, i = 0; place < places; place++)
    for (let c = 0; c < inputs; c++) for (let o = 0; o < outputs; o++, i++) if (weight[i] !== 0) read[c] = 1
  return read
}
