import { dispatch } from '../../dsl/kit/dispatch.js'
import { type Architecture, type GraphNode, INPUT } from '../architecture/architecture.js'
import { memoized } from '../architecture/lookups.js'
import { partsOf } from '../architecture/mixedChannels.js'
import { ZEROS } from '../architecture/selection.js'
import { type NodeShape, numbersIn } from '../architecture/shapes.js'
import { channelOfFeature, firstFeatureOf } from '../architecture/unflattened.js'
import { latentNodes } from '../head/head.js'
import type { Layer } from '../layers/layer.js'
import { groupsOf } from '../layers/layers.js'
import type { Conv2dLayer, ConvTranspose2dLayer } from '../layers/windowLayers.js'
import { UnionFind } from './unionFind.js'

/** Units that the same layers make: a set of channels that are pruned and chosen together. */
export interface ChannelGroup {
  /** In the order in which they first occur in the network. */
  readonly units: readonly number[]
  /** Whether some of them stay in any case. */
  readonly fixed: boolean
}

/**
 * The units of a network's channels. A unit is a set of channels, of one or several values, that stay or go as a whole: a
 * channel and those that are computed from it alone or are added to it, or the channels of a group of a convolution
 * or of a normalisation.
 */
export interface ChannelUnits {
  /** Number of units; they are counted from 0 in the order in which they occur. */
  readonly count: number
  /** The unit of each channel of each value, by the id of its node. */
  readonly of: ReadonlyMap<string, Int32Array>
  /** 1 for a unit that stays: of images, logits, samples, and sums that mix channels. */
  readonly fixed: Uint8Array
  readonly groups: readonly ChannelGroup[]
}

/** Number of channels of a value; for a flattened image, that of the image. */
export const channelsOf = (shape: NodeShape): number =>
  shape.kind === 'image' ? shape.channels : (shape.flattenedFrom?.channels ?? shape.features)

/** Features per channel of a value: the number of pixels of a flattened image, otherwise 1. */
export const pixelsOf = (shape: NodeShape): number => (shape.kind === 'image' ? 1 : shape.features / channelsOf(shape))

/** The channels of a value, by the unions that they are members of. */
type Members = readonly number[]

/** What is known of a network's channels while its nodes are visited. */
interface Unions {
  /** Channels of one unit. */
  readonly units: UnionFind
  /** Units of one group. */
  readonly groups: UnionFind
  /** Members of units that stay. */
  readonly fixed: Set<number>
}

/** The units of a network's channels, and the groups that they form. */
export const channelUnits = memoized((architecture: Architecture): ChannelUnits => {
  const { nodes, input } = architecture
  const unions: Unions = { units: new UnionFind(), groups: new UnionFind(), fixed: new Set() }
  const values = new Map<string, Members>([[INPUT, fix(made(input.channels, unions), unions)]])
  const of = (id: string): Members => values.get(id) ?? []
  for (const node of nodes) values.set(node.id, membersAfter(node.layer, node, node.inputs.map(of), unions))
  for (const end of [nodes.at(-1)?.id, latentNodes(architecture).classMean]) fix(of(end ?? ''), unions)
  return numbered(values, unions)
})

/** New channels that a layer makes: a group. */
const made = (count: number, unions: Unions): Members => {
  const members = unmade(count, unions)
  for (const member of members) unions.groups.join(member, members[0] ?? member)
  return members
}

/** New channels that do not form a group. */
const unmade = (count: number, { units, groups }: Unions): Members =>
  Array.from({ length: count }, () => {
    groups.add()
    return units.add()
  })

const fix = (members: Members, { fixed }: Unions): Members => {
  for (const member of members) fixed.add(member)
  return members
}

type Rule = (node: GraphNode, inputs: readonly Members[], unions: Unions) => Members

const passed: Rule = (_node, [first = []]) => first

/** Each channel as many times as it has pixels. */
const repeated: Rule = ({ inputShapes: [shape] }, [first = []]) =>
  first.flatMap((member) => new Array<number>((shape ? numbersIn(shape) : 0) / first.length).fill(member))

const dense: Rule = ({ shape }, _inputs, unions) => made(channelsOf(shape), unions)

const fresh: Rule = ({ shape }, _inputs, unions) => fix(made(channelsOf(shape), unions), unions)

/** Channels that meet those of the same number. */
const aligned: Rule = (node, inputs, unions) => {
  // A flattened image beside a vector of as many features: a feature of the vector meets several channels' pixels.
  const isMixed = new Set(node.inputShapes.filter((shape) => shape.kind === 'vector').map(pixelsOf)).size > 1
  if (isMixed) {
    for (const members of inputs) fix(members, unions)
    return fresh(node, inputs, unions)
  }
  const [first = [], ...others] = inputs
  for (const members of others)
    for (const [c, member] of members.entries()) joinUnits(member, first[c] ?? member, unions)
  return first
}

/** Channels that meet those of the same number. One number for each pixel meets all channels, and stays. */
const multiplied: Rule = (node, inputs, unions) => {
  const most = Math.max(...inputs.map(({ length }) => length))
  const [whole = [], gate = []] = inputs.toSorted((a, b) => b.length - a.length)
  if (gate.length === most) return aligned(node, inputs, unions)
  fix(gate, unions)
  return whole
}

const joinUnits = (a: number, b: number, { units, groups }: Unions): void => {
  units.join(a, b)
  groups.join(a, b)
}

/** Consecutive channels, so many at a time, as one unit. */
const joinBlocks = (members: Members, size: number, unions: Unions): Members => {
  for (const [c, member] of members.entries()) joinUnits(member, members[c - (c % size)] ?? member, unions)
  return members
}

/** The channels of a convolution: those of a group stay or go together, with the inputs that the group reads. */
const convolved = (layer: Conv2dLayer | ConvTranspose2dLayer, ...[node, inputs, unions]: Parameters<Rule>): Members => {
  const groups = groupsOf(layer)
  if (groups === 1) return dense(node, inputs, unions)
  const [first = []] = inputs
  const [wide, out] = [first.length / groups, layer.out / groups]
  joinBlocks(first, wide, unions)
  // Its filters are pruned together, as those of a layer without groups.
  for (const member of first) unions.groups.join(member, first[0] ?? member)
  return Array.from({ length: layer.out }, (_, o) => first[Math.floor(o / out) * wide] ?? 0)
}

/** The units of a layer's output, from those of its inputs. */
const membersAfter = dispatch<Layer, Parameters<Rule>, Members>({
  normalize: (_layer, ...rest) => passed(...rest),
  conv2d: (layer, ...rest) => convolved(layer, ...rest),
  convTranspose2d: (layer, ...rest) => convolved(layer, ...rest),
  batchNorm2d: (_layer, ...rest) => passed(...rest),
  // What normalises channels together keeps them together.
  layerNorm: (_layer, _node, [first = []], unions) => joinBlocks(first, first.length, unions),
  groupNorm: ({ groups }, _node, [first = []], unions) => joinBlocks(first, first.length / groups, unions),
  affine2d: (_layer, ...rest) => passed(...rest),
  layerScale: (_layer, ...rest) => passed(...rest),
  linear: (_layer, ...rest) => dense(...rest),
  relu: (_layer, ...rest) => passed(...rest),
  activation: (_layer, ...rest) => passed(...rest),
  prelu: (_layer, ...rest) => passed(...rest),
  maxPool2d: (_layer, ...rest) => passed(...rest),
  avgPool2d: (_layer, ...rest) => passed(...rest),
  pad2d: (_layer, ...rest) => passed(...rest),
  crop2d: (_layer, ...rest) => passed(...rest),
  resize2d: (_layer, ...rest) => passed(...rest),
  flatten: ({ order }, ...rest) => (order === 'channels' ? repeated(...rest) : passed(...rest)),
  unflatten: (layer, _node, [first = []], unions) => {
    const members = Array.from({ length: layer.channels }, (_, c) => first[firstFeatureOf(layer, c)] ?? 0)
    for (const [i, member] of first.entries()) joinUnits(member, members[channelOfFeature(layer, i)] ?? member, unions)
    return members
  },
  add: (_layer, ...rest) => aligned(...rest),
  concat: (_layer, _node, inputs) => inputs.flat(),
  selectChannels: ({ channels }, _node, [first = []], unions) => {
    const zeros = unmade(channels.filter((channel) => channel === ZEROS).length, unions).values()
    return channels.map((channel) => (channel === ZEROS ? zeros.next().value : first[channel]) ?? 0)
  },
  multiply: (_layer, ...rest) => multiplied(...rest),
  scale: (_layer, ...rest) => passed(...rest),
  fakeQuantize: (_layer, ...rest) => passed(...rest),
  // Channels of a head meet in a softmax: all of them stay.
  attention: (_layer, node, inputs, unions) => {
    for (const members of inputs) fix(members, unions)
    return fresh(node, inputs, unions)
  },
  classToken: (_layer, ...rest) => passed(...rest),
  positionEmbedding: (_layer, ...rest) => passed(...rest),
  takeToken: (_layer, ...rest) => passed(...rest),
  unitNorm: ({ over }, node, inputs, unions) =>
    over === 'pixels' ? passed(node, inputs, unions) : joinBlocks(inputs[0] ?? [], (inputs[0] ?? []).length, unions),
  crossCovariance: (_layer, node, inputs, unions) => {
    for (const members of inputs) fix(members, unions)
    return fresh(node, inputs, unions)
  },
  fourierPositions: (_layer, ...rest) => passed(...rest),
  softmax: (layer, _node, [first = []], unions) => {
    const size = first.length / partsOf(layer, first.length)
    for (const [c, member] of first.entries()) joinUnits(member, first[c % size] ?? member, unions)
    return first
  },
  poolChannels: (_layer, { shape }, [first = []], unions) => {
    const size = channelsOf(shape)
    for (const [c, member] of first.entries()) joinUnits(member, first[c % size] ?? member, unions)
    return first.slice(0, size)
  },
  standardize: (_layer, _node, [first = []], unions) => joinBlocks(first, first.length, unions),
  given: (_layer, ...rest) => fresh(...rest),
  sample: (_layer, ...rest) => aligned(...rest),
})

/** Units and groups with numbers in the order in which they occur. */
const numbered = (values: ReadonlyMap<string, Members>, { units, groups, fixed: members }: Unions): ChannelUnits => {
  const numbers = new Map<number, number>()
  const grouped = new Map<number, number[]>()
  const of = new Map<string, Int32Array>()
  for (const [id, value] of values) {
    const own = Int32Array.from(value, (member) => {
      const root = units.rootOf(member)
      const known = numbers.get(root)
      if (known !== undefined) return known
      const group = groups.rootOf(member)
      grouped.set(group, [...(grouped.get(group) ?? []), numbers.size])
      numbers.set(root, numbers.size)
      return numbers.size - 1
    })
    of.set(id, own)
  }
  const fixed = new Uint8Array(numbers.size)
  for (const member of members) {
    const number = numbers.get(units.rootOf(member))
    if (number !== undefined) fixed[number] = 1
  }
  return {
    count: numbers.size,
    of,
    fixed,
    groups: [...grouped.values()].map((own) => ({ units: own, fixed: own.some((unit) => fixed[unit] === 1) })),
  }
}
