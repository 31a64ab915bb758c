import { type Architecture, INPUT } from '../architecture.js'
import { latentNodes } from '../head.js'
import { groupsOf } from '../layers.js'
import type { NodeShape } from '../shapes.js'

/** Values of a network whose channels belong together: what is cut out of one is cut out of all. */
export interface ChannelGroup {
  /**
   * Parts of equal size, one after another, that stay or go as a whole: single channels, or where a grouped convolution
   * joins channels, those of its groups.
   */
  units: number
  /** Whether all stay: those of the images, of the logits, of what is sampled, and of sums that mix channels. */
  fixed: boolean
}

/** Channels of a value; those of a flattened image are the image's, each at every pixel. */
export const channelsOf = (shape: NodeShape): number =>
  shape.kind === 'image' ? shape.channels : (shape.flattenedFrom?.channels ?? shape.features)

/** Pixels of a value behind each channel's name: those of a flattened image. */
export const pixelsOf = (shape: NodeShape): number => (shape.kind === 'image' ? 1 : shape.features / channelsOf(shape))

/** The largest number that divides both. */
const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b))

/**
 * The group of each value, by the id of its node: layers with weights start new ones, all others pass channels on, a sum
 * joins those of its terms, and a grouped convolution those of its input and its output, group by group.
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
    // A flattened image and other features of the same number: each feature meets another channel.
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
