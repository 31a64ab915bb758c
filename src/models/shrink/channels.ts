import { type Architecture, INPUT } from '../architecture/architecture.js'
import { groupsOf } from '../architecture/layers.js'
import type { NodeShape } from '../architecture/shapes.js'
import { latentNodes } from '../head/head.js'

/** A set of values whose channels are cut together: a channel that one of them loses, all lose. */
export interface ChannelGroup {
  /**
   * Number of units: consecutive runs of channels, of equal size, that stay or go as a whole. A unit is one channel, or
   * the channels of one group if a grouped convolution joins them.
   */
  units: number
  /** Whether all stay, as those of images, logits, samples, and sums that mix channels. */
  fixed: boolean
}

/** Number of channels of a value; for a flattened image, that of the image. */
export const channelsOf = (shape: NodeShape): number =>
  shape.kind === 'image' ? shape.channels : (shape.flattenedFrom?.channels ?? shape.features)

/** Features per channel of a value: the number of pixels of a flattened image, otherwise 1. */
export const pixelsOf = (shape: NodeShape): number => (shape.kind === 'image' ? 1 : shape.features / channelsOf(shape))

/** The largest number that divides both. */
const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))

/**
 * The channel group of each value, by the id of its node. Layers with weights start a new one; other layers pass on
 * that of their input. A sum joins those of its terms; a grouped convolution joins those of its input and output, group
 * by group.
 */
export const channelGroups = (architecture: Architecture): ReadonlyMap<string, ChannelGroup> => {
  const { nodes, input } = architecture
  const groups = new Map<string, ChannelGroup>([[INPUT, { units: input.channels, fixed: true }]])
  const of = (id: string): ChannelGroup => groups.get(id) ?? { units: 0, fixed: true }
  for (const { id, layer, inputs, inputShapes, shape } of nodes) {
    const [first = ''] = inputs
    const parts = layer.type === 'conv2d' ? groupsOf(layer) : 1
    if (parts === 1 && (layer.type === 'conv2d' || layer.type === 'linear')) {
      groups.set(id, { units: channelsOf(shape), fixed: false })
      continue
    }
    if (layer.type === 'given') {
      groups.set(id, { units: layer.out, fixed: true })
      continue
    }
    const joined = of(first)
    if (parts > 1) joined.units = commonDivisor(joined.units, parts)
    // A flattened image plus a vector of as many features: a feature of the vector meets several channels' pixels.
    const mixed = new Set(inputShapes.map((term) => `${channelsOf(term)} ${pixelsOf(term)}`)).size > 1
    for (const other of inputs) {
      const group = of(other)
      if (mixed) group.fixed = true
      else if (group !== joined) {
        joined.fixed ||= group.fixed
        joined.units = commonDivisor(joined.units, group.units)
        for (const [member, its] of groups) if (its === group) groups.set(member, joined)
      }
    }
    groups.set(id, mixed ? { units: channelsOf(shape), fixed: true } : joined)
  }
  for (const end of [nodes.at(-1)?.id, latentNodes(architecture).classMean]) of(end ?? '').fixed = true
  return groups
}
