import type { Architecture, GraphNode } from '../architecture.js'
import { groupsOf } from '../layers.js'
import { parametersOf } from '../parameters.js'
import { statisticsOf } from '../statistics.js'
import { channelsOf, pixelsOf } from './channels.js'

/** A network with all of its numbers in plain memory. */
export interface PlainNetwork {
  readonly architecture: Architecture
  /** Flat, in the engine's layout; see `parametersOf`. */
  readonly weights: Float32Array
  /** Flat; see `statisticsOf`. */
  readonly statistics: Float32Array
  /** 1 where a parameter is kept and 0 where it is pruned. */
  readonly mask: Float32Array | undefined
}

/** The weights of a convolution or a linear layer as places × input channels of one group × outputs. */
export interface Connection {
  readonly node: GraphNode
  /** The value that it reads. */
  readonly source: string
  /** Pixels of the kernel, or of the image that was flattened. */
  readonly places: number
  /** Of one group. */
  readonly inputs: number
  readonly outputs: number
  /** A convolution of several groups passes channels on, group by group; others mix all that they read. */
  readonly groups: number
  /** Whether zeros are added around its input: there a constant channel is none. */
  readonly padded: boolean
}

/** Numbers by the names of their parameters or statistics: pieces of a flat vector, not copies. */
export type Pieces = ReadonlyMap<string, Float32Array>

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

export const piece = (pieces: Pieces, name: string): Float32Array => {
  const found = pieces.get(name)
  if (!found) throw new Error(`no numbers "${name}"`)
  return found
}

/** A node as a connection, if it is one. */
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

/** Name of a layer's tensor. */
export const nameOf = ({ layer }: GraphNode, part: string): string => ('name' in layer ? `${layer.name}.${part}` : '')
