import { attentionSizes, tokensOf } from '../../../models/architecture/tokenSizes.js'
import type {
  AttentionLayer,
  ClassTokenLayer,
  Layer,
  PositionEmbeddingLayer,
  TakeTokenLayer,
} from '../../../models/layers/layer.js'
import { layerScaleName } from './graph/writtenNames.js'
import { channelsOf, Nodes } from './nodeList.js'
import type { LayerPlace } from './windowNodes.js'
import { integer, type WrittenNode } from './writtenNode.js'

/** The name in a file of the tensor of a layer that is one tensor: the name itself may be that of the layer's output. */
export const wholeName = (name: string): string => `${name}.weight`

/** The same for any layer with a name. */
export const writtenName = (layer: Extract<Layer, { readonly name: string }>): string =>
  layer.type === 'layerScale' ? layerScaleName(layer) : wholeName(layer.name)

/** Multi-head attention by matrix products and a softmax: opset 23 has an operator for it, opset 17 has not. */
export const attentionNodes = (layer: AttentionLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const [query = '', key = '', value = ''] = place.inputs
  const { heads, queries, keys, depth, width, scale } = attentionSizes(layer, place.inputShapes)
  const split = (x: string, channels: number, tokens: number): string => nodes.reshape(x, [0, heads, channels, tokens])
  const scores = nodes.add('MatMul', [
    nodes.transpose(split(query, depth, queries), [0, 1, 3, 2]),
    split(key, depth, keys),
  ])
  const shares = nodes.add('Softmax', [nodes.add('Mul', [scores, nodes.number(scale)])], [integer('axis', -1)])
  const sums = nodes.main('MatMul', [shares, nodes.transpose(split(value, width, keys), [0, 1, 3, 2])])
  const [from] = place.inputShapes
  const [rows, columns] = from?.kind === 'image' ? [from.height, from.width] : [1, 1]
  return nodes.reshaped(nodes.transpose(sums, [0, 1, 3, 2]), [0, heads * width, rows, columns])
}

/** A learned token before those of an image. */
export const classTokenNodes = ({ name }: ClassTokenLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const [shape] = place.inputShapes
  const rows = nodes.rows(x, shape)
  const batch = nodes.add('Shape', [rows], [integer('start', 0), integer('end', 1)])
  const sizes = nodes.add('Concat', [batch, nodes.whole([1, channelsOf(shape)])], [integer('axis', 0)])
  const both = nodes.main('Concat', [nodes.add('Expand', [wholeName(name), sizes]), rows], [integer('axis', 1)])
  const tokens = { kind: 'image', height: tokensOf(shape) + 1, width: 1, channels: channelsOf(shape) } as const
  return nodes.image(both, tokens)
}

/** A learned number for each pixel and channel. */
export const positionEmbeddingNodes = ({ name }: PositionEmbeddingLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const [shape] = place.inputShapes
  const sum = nodes.main('Add', [nodes.rows(x, shape), wholeName(name)])
  return nodes.image(sum, shape ?? { kind: 'vector', features: 1 })
}

/** The channels of one pixel. */
export const takeTokenNodes = ({ token }: TakeTokenLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const rows = nodes.rows(x, place.inputShapes[0])
  return nodes.ending('Gather', [rows, nodes.index(token)], [integer('axis', 1)])
}
