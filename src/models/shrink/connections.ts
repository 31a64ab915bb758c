import { isEach, pairOf } from '../../dsl/kit/extent.js'
import type { Architecture, GraphNode } from '../architecture/architecture.js'
import { memoized } from '../architecture/lookups.js'
import { groupsOf, isConvolution } from '../layers/layers.js'
import { channelsOf, pixelsOf } from './channels.js'

/** The weights of a convolution or a linear layer as places × input channels of one group × outputs. */
export interface Connection {
  readonly node: GraphNode
  /** Id of the value that it reads. */
  readonly source: string
  /** Number of pixels of the kernel, or of the flattened image. */
  readonly places: number
  /** Input channels of one group. */
  readonly inputs: number
  readonly outputs: number
  /** Number of groups; a layer with 1 mixes all channels that it reads. */
  readonly groups: number
  /** Whether its input is zero-padded: a constant channel is then not constant at the border. */
  readonly padded: boolean
}

/** A node as a connection; undefined if it is not a convolution or a linear layer. Zeros added before it are its own. */
export const connectionOf = (architecture: Architecture, node: GraphNode): Connection | undefined => {
  const { layer, inputs, inputShapes } = node
  const [shape] = inputShapes
  if (!shape || (!isConvolution(layer) && layer.type !== 'linear')) return undefined
  const [height, width] = isConvolution(layer) ? pairOf(layer.kernel) : [pixelsOf(shape), 1]
  const [input = ''] = inputs
  const source = layer.type === 'conv2d' ? beforeZeros(nodesOf(architecture), input) : input
  // In a transposed convolution, pixels of the output differ in how many taps reach them.
  const padded =
    layer.type === 'convTranspose2d' || (layer.type === 'conv2d' && (!isEach(layer.padding, 0) || source !== input))
  const groups = isConvolution(layer) ? groupsOf(layer) : 1
  return {
    node,
    source,
    places: height * width,
    inputs: channelsOf(shape) / groups,
    outputs: layer.out,
    groups,
    padded,
  }
}

const nodesOf = memoized((architecture: Architecture) => new Map(architecture.nodes.map((node) => [node.id, node])))

/** The value to which layers `pad2d` add zeros; the value itself if none does. */
const beforeZeros = (nodes: ReadonlyMap<string, GraphNode>, id: string): string => {
  const node = nodes.get(id)
  const [before] = node?.inputs ?? []
  return node?.layer.type === 'pad2d' && !node.layer.mode && (node.layer.value ?? 0) === 0 && before !== undefined
    ? beforeZeros(nodes, before)
    : id
}

/** Name of a layer's tensor; empty for a layer without a name. */
export const nameOf = ({ layer }: GraphNode, part: string): string => ('name' in layer ? `${layer.name}.${part}` : '')
