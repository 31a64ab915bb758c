import { type Architecture, INPUT } from '../architecture.js'
import { latentNodes } from '../head.js'
import type { NodeShape } from '../shapes.js'

/** Values of a network whose channels belong together: what is cut out of one is cut out of all. */
export interface ChannelGroup {
  readonly channels: number
  /** Whether all channels stay: those of the images, of the logits, of what is sampled, and of sums that mix channels. */
  fixed: boolean
}

/** Channels of a value; those of a flattened image are the image's, each at every pixel. */
export const channelsOf = (shape: NodeShape): number =>
  shape.kind === 'image' ? shape.channels : (shape.flattenedFrom?.channels ?? shape.features)

/** Pixels of a value behind each channel's name: those of a flattened image. */
export const pixelsOf = (shape: NodeShape): number => (shape.kind === 'image' ? 1 : shape.features / channelsOf(shape))

/**
 * The group of each value, by the id of its node: layers with weights start new ones, all others pass channels on, and a
 * sum joins those of its terms.
 */
export const channelGroups = (architecture: Architecture): ReadonlyMap<string, ChannelGroup> => {
  const { nodes, input } = architecture
  const groups = new Map<string, ChannelGroup>([[INPUT, { channels: input.channels, fixed: true }]])
  const of = (id: string): ChannelGroup => groups.get(id) ?? { channels: 0, fixed: true }
  for (const { id, layer, inputs, inputShapes, shape } of nodes) {
    const [first = ''] = inputs
    if (layer.type === 'conv2d' || layer.type === 'linear') {
      groups.set(id, { channels: channelsOf(shape), fixed: false })
      continue
    }
    if (layer.type === 'given') {
      groups.set(id, { channels: layer.out, fixed: true })
      continue
    }
    const joined = of(first)
    // A flattened image and other features of the same number: each feature meets another channel.
    const mixed = new Set(inputShapes.map((term) => `${channelsOf(term)} ${pixelsOf(term)}`)).size > 1
    for (const other of inputs) {
      const group = of(other)
      if (mixed) group.fixed = true
      else if (group !== joined) {
        joined.fixed ||= group.fixed
        for (const [member, its] of groups) if (its === group) groups.set(member, joined)
      }
    }
    groups.set(id, mixed ? { channels: channelsOf(shape), fixed: true } : joined)
  }
  for (const end of [nodes.at(-1)?.id, latentNodes(architecture).classMean]) of(end ?? '').fixed = true
  return groups
}
