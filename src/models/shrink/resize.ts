import { type Architecture, layersOf } from '../architecture/architecture.js'
import { ZEROS } from '../architecture/selection.js'
import type { Layer, SelectChannelsLayer } from '../layers/layer.js'
import { groupsOf, withGroups } from '../layers/layers.js'
import { channelsOf } from './channels.js'

/** The channels of a value that stay, in order, by the id of its node; undefined for all. */
type KeptOf = (id: string) => readonly number[] | undefined

/** The layers of a network of which some channels stay. What stays must fit together; see `channelUnits`. */
export const resizedLayers = (given: Architecture, keptOf: KeptOf): readonly Layer[] =>
  layersOf(given).map((layer, i): Layer => {
    const node = given.nodes[i]
    const kept = keptOf(node?.id ?? '')
    if (!node || !kept) return layer
    switch (layer.type) {
      case 'linear':
        return { ...layer, out: kept.length }
      case 'conv2d':
      case 'convTranspose2d': {
        const groups = groupsOf(layer)
        return withGroups({ ...layer, out: kept.length }, groups === 1 ? 1 : (kept.length * groups) / layer.out)
      }
      case 'unflatten':
        return { ...layer, channels: kept.length }
      case 'groupNorm': {
        const [shape] = node.inputShapes
        return shape ? { ...layer, groups: (kept.length * layer.groups) / channelsOf(shape) } : layer
      }
      case 'fakeQuantize':
        return layer.scale.length === 1
          ? layer
          : { ...layer, scale: chosen(layer.scale, kept), zeroPoint: chosen(layer.zeroPoint, kept) }
      case 'selectChannels':
        return { ...layer, channels: selected(layer, kept, keptOf(node.inputs[0] ?? '')) }
      default:
        return layer
    }
  })

/** The numbers of the channels that stay. */
const chosen = (numbers: readonly number[], kept: readonly number[]): readonly number[] =>
  kept.map((c) => numbers[c] ?? Number.NaN)

/** The channels of a selection that stay, by their new places in the input. */
const selected = (
  { channels }: SelectChannelsLayer,
  kept: readonly number[],
  keptInputs: readonly number[] | undefined,
): readonly number[] => {
  const places = keptInputs && new Map(keptInputs.map((channel, place) => [channel, place]))
  return kept.map((c) => {
    const channel = channels[c] ?? ZEROS
    return channel === ZEROS ? ZEROS : places ? (places.get(channel) ?? ZEROS) : channel
  })
}
