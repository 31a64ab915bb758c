import { type Architecture, architecture, INPUT, layersOf } from '../architecture/architecture.js'
import { type PlainNetwork, piecesOf } from '../parameters/plainNetwork.js'
import { channelGroups, channelsOf } from './channels.js'
import { type Choice, choose, ofChannels } from './choose.js'
import { connectionOf } from './connections.js'
import { constantsOf } from './constants.js'
import { type Choices, cut } from './cut.js'

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
  const { nodes, input } = network.architecture
  const pieces = piecesOf(network)
  const constants = constantsOf(network.architecture, pieces)
  const groups = channelGroups(network.architecture)
  const connections = nodes.flatMap((node) => connectionOf(network.architecture, node) ?? [])
  const chosen = new Map(
    [...new Set(groups.values())].map((group): [typeof group, Choice] => {
      const readers = connections.filter(({ source, groups: parts }) => parts === 1 && groups.get(source) === group)
      return [group, group.fixed ? all(group.units) : choose(group.units, readers, constants, pieces)]
    }),
  )
  if ([...chosen].every(([{ units }, { kept }]) => kept.length === units)) return network
  const choices: Choices = new Map(
    [{ id: INPUT, shape: { kind: 'image', ...input } as const }, ...nodes].flatMap(({ id, shape }) => {
      const group = groups.get(id)
      const choice = group && chosen.get(group)
      return choice ? [[id, ofChannels(choice, channelsOf(shape) / group.units)]] : []
    }),
  )
  return cut(network, choices, constants)
}

const all = (units: number): Choice => ({ kept: Array.from({ length: units }, (_, c) => c), merged: new Map() })

const SUFFIX = ', shrunk'

const renamed = (given: Architecture): Architecture =>
  given.name.endsWith(SUFFIX) ? given : architecture(`${given.name}${SUFFIX}`, given.input, layersOf(given), given)
