import { type Architecture, architecture, layersOf } from '../architecture/architecture.js'
import { present } from '../architecture/lookups.js'
import { type PlainNetwork, piecesOf } from '../parameters/plainNetwork.js'
import { type ChannelUnits, channelUnits } from './channels.js'
import { type Choice, choose, type Reader, type Removal, readerOf } from './choose.js'
import { connectionOf } from './connections.js'
import { constantsOf } from './constants.js'
import { cut } from './cut.js'

/**
 * Removes the channels that pruning has made useless: in use the smaller network computes the same function, up
 * to rounding. It removes filters of zeros, with the channels that they produce in all later layers, and filters whose
 * output no layer reads, as column pruning leaves them. In a residual network a channel goes if every term of the sum
 * can lose it; in a grouped convolution, if its whole group can go. What a filter of zeros still contributes, its bias
 * and the shift of a batch normalisation, is folded into the layers that read it; see `cut`. Single zeros in a filter
 * stay, and so does at least one filter of each layer.
 *
 * @returns the given network if nothing can go
 */
export const shrinkNetwork = (network: PlainNetwork): PlainNetwork => {
  let known = network
  for (let smaller = once(known); smaller !== known; smaller = once(known)) known = smaller
  return known === network ? network : { ...known, architecture: renamed(known.architecture) }
}

/** One round. What it removes may make more channels useless. */
const once = (network: PlainNetwork): PlainNetwork => {
  const { architecture } = network
  const pieces = piecesOf(network)
  const constants = constantsOf(architecture, pieces)
  const units = channelUnits(architecture)
  const readers = architecture.nodes.flatMap((node) => {
    const connection = connectionOf(architecture, node)
    return connection?.groups === 1
      ? [readerOf(connection, present(units.of, connection.source), constants, pieces)]
      : []
  })
  const removal = removalOf(units, readers)
  if (removal.gone.size === 0) return network
  return cut(network, new Map([...units.of].map(([id, own]) => [id, choiceOf(own, removal)])), constants)
}

/** The units that go. Of each value at least one channel stays. */
const removalOf = ({ of, groups, fixed }: ChannelUnits, readers: readonly Reader[]): Removal => {
  const chosen = groups.map(({ units }) =>
    choose(
      units.filter((unit) => fixed[unit] !== 1),
      readers.filter(({ channels }) => units.some((unit) => channels.has(unit))),
    ),
  )
  const gone = new Set(chosen.flatMap((removal) => [...removal.gone]))
  const merged = new Map(chosen.flatMap((removal) => [...removal.merged]))
  for (const own of of.values()) {
    const [first] = own
    if (first === undefined || own.some((unit) => !gone.has(unit))) continue
    gone.delete(first)
    merged.delete(first)
  }
  return { gone, merged }
}

/** What a removal of units means for the channels of one value. */
const choiceOf = (units: Int32Array, { gone, merged }: Removal): Choice => ({
  kept: [...units.keys()].filter((c) => !gone.has(units[c] ?? 0)),
  merged: new Map(
    [...units.entries()].flatMap(([c, unit]) => {
      const other = merged.get(unit)
      const stand = other === undefined ? -1 : units.indexOf(other)
      return stand === -1 ? [] : [[c, stand]]
    }),
  ),
})

const SUFFIX = ', shrunk'

const renamed = (given: Architecture): Architecture =>
  given.name.endsWith(SUFFIX) ? given : architecture(`${given.name}${SUFFIX}`, given.input, layersOf(given), given)
