import type { Value } from '../../engine/graph/graphNodes.js'
import { present } from '../architecture/lookups.js'
import type { NodeShape } from '../architecture/shapes.js'
import { attentionSizes, tokensOf } from '../architecture/tokenSizes.js'
import type { AttentionLayer, ClassTokenLayer, PositionEmbeddingLayer, TakeTokenLayer } from '../layers/layer.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/** Attention; see `attention`. Its backward pass computes the shares again. */
export const attentionRule = (layer: AttentionLayer): LayerRule => {
  const sizesIn = ({ kernel }: Place) => attentionSizes(layer, kernel.node.inputShapes)
  const heads = (place: Place, [query = '', key = '', value = '']: readonly Value[]) => {
    const { queries, keys, depth, width } = sizesIn(place)
    return {
      query: split(place, query, queries, depth),
      key: split(place, key, keys, depth),
      value: split(place, value, keys, width),
    }
  }
  const split = ({ graph }: Place, x: Value, tokens: number, channels: number): Value =>
    graph.transpose(graph.reshape(x, [-1, tokens, layer.heads, channels]), [0, 2, 1, 3])
  const joined = ({ graph }: Place, x: Value, shape: NodeShape | undefined): Value =>
    graph.reshape(graph.transpose(x, [0, 2, 1, 3]), imageShape(shape))
  const sharesOf = (place: Place, query: Value, key: Value): Value => {
    const { graph } = place
    const scores = graph.multiply(graph.product(query, key, 'second'), graph.number(sizesIn(place).scale))
    return graph.softmax(scores)
  }
  return {
    forward: (place, inputs) => {
      const { query, key, value } = heads(place, inputs)
      return joined(place, place.graph.product(sharesOf(place, query, key), value), place.kernel.node.shape)
    },
    backward: (place, { dy, input }) => {
      const { graph, kernel } = place
      const { queries, keys, width, scale } = sizesIn(place)
      const { query, key, value } = heads(place, [input(0), input(1), input(2)])
      const shares = sharesOf(place, query, key)
      const dOut = split(place, dy, queries, width)
      const dShares = graph.product(dOut, value, 'second')
      const along = graph.multiply(graph.mean(graph.multiply(dShares, shares), [3]), graph.number(keys))
      const dScores = graph.multiply(graph.multiply(shares, graph.subtract(dShares, along)), graph.number(scale))
      const gradients = [
        graph.product(dScores, key),
        graph.product(dScores, query, 'first'),
        graph.product(shares, dOut, 'first'),
      ]
      return { inputs: gradients.map((gradient, i) => joined(place, gradient, kernel.node.inputShapes[i])) }
    },
  }
}

/** A learned token before those of an image. */
export const classTokenRule = ({ name }: ClassTokenLayer): LayerRule => ({
  forward: (place, [x = '']) => {
    const { graph, kernel, parameters } = place
    const { tokens, channels } = sizesOf(kernel.node.inputShapes[0])
    const pixels = graph.padSides(graph.reshape(x, [-1, tokens, 1, channels]), { ...NONE, top: 1 }, 0)
    const first = graph.reshape(present(parameters, name), [1, 1, 1, channels])
    return activated(place, graph.add(pixels, graph.padSides(first, { ...NONE, bottom: tokens }, 0)))
  },
  backward: (place, incoming) => {
    const { graph, kernel } = place
    const [shape] = kernel.node.inputShapes
    const dz = deactivated(place, incoming)
    const pixels = graph.cropSides(dz, { top: 1, left: 0 }, sizesOf(shape).tokens, 1)
    return {
      inputs: [graph.reshape(pixels, imageShape(shape))],
      parameters: { [name]: graph.biasGradient(graph.cropSides(dz, { top: 0, left: 0 }, 1, 1)) },
    }
  },
})

/** A learned number for each pixel and channel. */
export const positionEmbeddingRule = ({ name }: PositionEmbeddingLayer): LayerRule => ({
  forward: (place, [x = '']) => activated(place, place.graph.add(x, present(place.parameters, name))),
  backward: (place, incoming) => {
    const dz = deactivated(place, incoming)
    return { inputs: [dz], parameters: { [name]: place.graph.total(dz, [0]) } }
  },
})

/** The channels of one pixel. */
export const takeTokenRule = ({ token }: TakeTokenLayer): LayerRule => ({
  forward: ({ graph, kernel }, [x = '']) => {
    const { tokens, channels } = sizesOf(kernel.node.inputShapes[0])
    const pixels = graph.reshape(x, [-1, tokens, 1, channels])
    return graph.reshape(graph.cropSides(pixels, { top: token, left: 0 }, 1, 1), [-1, channels])
  },
  backward: ({ graph, kernel }, { dy }) => {
    const [shape] = kernel.node.inputShapes
    const { tokens, channels } = sizesOf(shape)
    const sides = { ...NONE, top: token, bottom: tokens - token - 1 }
    const pixels = graph.padSides(graph.reshape(dy, [-1, 1, 1, channels]), sides, 0)
    return { inputs: [graph.reshape(pixels, imageShape(shape))] }
  },
})

const NONE = { top: 0, bottom: 0, left: 0, right: 0 } as const

const sizesOf = (shape: NodeShape | undefined) => ({
  tokens: tokensOf(shape),
  channels: shape?.kind === 'image' ? shape.channels : 0,
})

const imageShape = (shape: NodeShape | undefined): readonly number[] =>
  shape?.kind === 'image' ? [-1, shape.height, shape.width, shape.channels] : [-1]
