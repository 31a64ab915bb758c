import type { Architecture, GraphNode } from '../architecture.js'
import { groupsOf } from '../layers.js'
import { parametersOf } from '../parameters.js'
import { statisticsOf } from '../statistics.js'
import { channelsOf, pixelsOf } from './channels.js'

/** A network with its parameters and statistics in plain arrays. */
export interface PlainNetwork {
  readonly architecture: Architecture
  /** Flat, in the engine's layout; see `parametersOf`. */
  readonly weights: Float32Array
  /** Flat; see `statisticsOf`. */
  readonly statistics: Float32Array
  /** Flat: 1 for a kept parameter, 0 for a pruned one. */
  readonly mask: Float32Array | undefined
}

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

/** Parameters and statistics by name: views of the flat vectors, not copies. */
export type Pieces = ReadonlyMap<string, Float32Array>

/** Splits a network's flat vectors into its parameters and statistics. */
export const piecesOf = ({ architecture, weights, statistics }: PlainNetwork): Pieces =>
  new Map([
    ...parametersOf(architecture).map(({ name, offset, size }): [string, Float32Array] => [
      name,
      weights.subarray(offset, offset + size),
    ]),
    ...statisticsOf(architecture).map(({ name, offset, size }): [string, Float32Array] => [
      name,
      statistics.subarray(offset, offset + size),
    ]),
  ])

/** A node as a connection; undefined if it is not a convolution or a linear layer. */
export const connectionOf = (node: GraphNode): Connection | undefined => {
  const { layer, inputs, inputShapes } = node
  const [source = ''] = inputs
  const [shape] = inputShapes
  if (!shape || (layer.type !== 'conv2d' && layer.type !== 'linear')) return undefined
  const places = layer.type === 'conv2d' ? layer.kernel * layer.kernel : pixelsOf(shape)
  const padded = layer.type === 'conv2d' && layer.padding > 0
  const groups = layer.type === 'conv2d' ? groupsOf(layer) : 1
  return { node, source, places, inputs: channelsOf(shape) / groups, outputs: layer.out, groups, padded }
}

/** Name of a layer's tensor; empty for a layer without a name. */
export const nameOf = ({ layer }: GraphNode, part: string): string => ('name' in layer ? `${layer.name}.${part}` : '')
