import type { NodeShape } from '../../../models/architecture/shapes.js'
import { attentionSizes, tokensOf } from '../../../models/architecture/tokenSizes.js'
import type { AttentionLayer, ClassTokenLayer, TakeTokenLayer } from '../../../models/layers/layer.js'
import { INTEGER, type Value } from './graphModel.js'
import type { Place } from './place.js'

/** Adds multi-head attention. @returns its output */
export const writeAttention = (layer: AttentionLayer, place: Place): Value => {
  const { graph, kernel, inputs } = place
  const { id, shape, inputShapes } = kernel.node
  const { heads, queries, keys, depth, width, scale } = attentionSizes(layer, inputShapes)
  const order = graph.integers(`${id}/order`, [4], [0, 2, 1, 3])
  const swapped = (what: string, x: Value): Value =>
    graph.node('Transpose', `${id}/${what}`, [x, order], { Tperm: INTEGER })
  const split = (what: string, x: Value | undefined, tokens: number, channels: number): Value =>
    swapped(what, reshaped(place, `${what}Rows`, x, [-1, tokens, heads, channels]))
  const product = (what: string, a: Value, b: Value, transposed: boolean): Value =>
    graph.node('BatchMatMulV2', `${id}/${what}`, [a, b], { adj_x: { b: false }, adj_y: { b: transposed } })
  const [query, key, value] = inputs
  const scores = product('scores', split('query', query, queries, depth), split('key', key, keys, depth), true)
  const factor = graph.constant(`${id}/factor`, [], Float32Array.of(scale))
  const shares = graph.node('Softmax', `${id}/shares`, [graph.node('Mul', `${id}/scaled`, [scores, factor])])
  const rows = swapped('rows', product('sums', shares, split('value', value, keys, width), false))
  return reshaped(place, '', rows, sizesOf(shape))
}

/** Adds the token of a layer before those of an image. @returns its output */
export const writeClassToken = (_: ClassTokenLayer, place: Place): Value => {
  const { graph, kernel, inputs, parameter } = place
  const { id, inputShapes } = kernel.node
  const [from] = inputShapes
  const tokens = tokensOf(from)
  const channels = from?.kind === 'image' ? from.channels : 0
  const padded = (what: string, x: Value, before: number, after: number): Value => {
    const sides = graph.integers(`${id}/${what}Sides`, [4, 2], [0, 0, before, after, 0, 0, 0, 0])
    const zero = graph.constant(`${id}/${what}Value`, [], Float32Array.of(0))
    return graph.node('PadV2', `${id}/${what}Padded`, [x, sides, zero], { Tpaddings: INTEGER })
  }
  const pixels = reshaped(place, 'pixels', inputs[0], [-1, tokens, 1, channels])
  const token = reshaped(place, 'token', parameter(''), [1, 1, 1, channels])
  return graph.node('AddV2', id, [padded('pixels', pixels, 1, 0), padded('token', token, 0, tokens)])
}

/** Adds the choice of one pixel. @returns its output */
export const writeTakeToken = ({ token }: TakeTokenLayer, place: Place): Value => {
  const { graph, kernel, inputs } = place
  const { id, inputShapes } = kernel.node
  const [from] = inputShapes
  const channels = from?.kind === 'image' ? from.channels : 0
  const pixels = reshaped(place, 'pixels', inputs[0], [-1, tokensOf(from), channels])
  const begin = graph.integers(`${id}/begin`, [3], [0, token, 0])
  const size = graph.integers(`${id}/size`, [3], [-1, 1, channels])
  const taken = graph.node('Slice', `${id}/taken`, [pixels, begin, size], { Index: INTEGER })
  return reshaped(place, '', taken, [-1, channels])
}

/** Adds a change of shape. @param what its place in the layer; empty for the layer's output */
export const reshaped = (
  { graph, kernel }: Place,
  what: string,
  x: Value | undefined,
  to: readonly number[],
): Value => {
  const name = what === '' ? kernel.node.id : `${kernel.node.id}/${what}`
  const shape = graph.integers(`${name}Shape`, [to.length], to)
  return graph.node('Reshape', name, [x ?? '', shape], { Tshape: INTEGER })
}

const sizesOf = (shape: NodeShape): readonly number[] =>
  shape.kind === 'image' ? [-1, shape.height, shape.width, shape.channels] : [-1, shape.features]
