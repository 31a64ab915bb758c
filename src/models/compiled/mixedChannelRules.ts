import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { channelsIn } from '../architecture/channelShapes.js'
import { present } from '../architecture/lookups.js'
import { partMeans, partsOf, standardOf } from '../architecture/mixedChannels.js'
import { type NodeShape, numbersIn } from '../architecture/shapes.js'
import { covarianceSizes, fourierFeatures, tokensOf } from '../architecture/tokenSizes.js'
import { LEAST_LENGTH } from '../layers/normalisations.js'
import type {
  CrossCovarianceLayer,
  FourierPositionsLayer,
  PoolChannelsLayer,
  SoftmaxLayer,
  UnitNormLayer,
} from '../layers/tokenLayers.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/** Attention between channels. Its backward pass computes the shares again. */
export const crossCovarianceRule = (layer: CrossCovarianceLayer): LayerRule => {
  const sizesIn = ({ kernel }: Place) => covarianceSizes(layer, kernel.node.inputShapes)
  const rows = (place: Place, x: Value): Value => {
    const { tokens, heads, depth } = sizesIn(place)
    return place.graph.transpose(place.graph.reshape(x, [-1, tokens, heads, depth]), [0, 2, 3, 1])
  }
  const image = (place: Place, x: Value): Value => {
    const [shape] = place.kernel.node.inputShapes
    const sizes = shape?.kind === 'image' ? [shape.height, shape.width, shape.channels] : []
    return place.graph.reshape(place.graph.transpose(x, [0, 3, 1, 2]), [-1, ...sizes])
  }
  const sharesOf = (place: Place, query: Value, key: Value) => {
    const products = place.graph.product(query, key, 'second')
    const factor = present(place.parameters, layer.name)
    return { products, factor, shares: place.graph.softmax(place.graph.multiply(products, factor)) }
  }
  return {
    forward: (place, [query = '', key = '', value = '']) => {
      const { shares } = sharesOf(place, rows(place, query), rows(place, key))
      return activated(place, image(place, place.graph.product(shares, rows(place, value))))
    },
    backward: (place, incoming) => {
      const { graph } = place
      const { heads, depth } = sizesIn(place)
      const [query, key, value] = [0, 1, 2].map((i) => rows(place, incoming.input(i)))
      if (query === undefined || key === undefined || value === undefined) return { inputs: [] }
      const { products, factor, shares } = sharesOf(place, query, key)
      const dOut = rows(place, deactivated(place, incoming))
      const dShares = graph.product(dOut, value, 'second')
      const along = graph.multiply(graph.mean(graph.multiply(dShares, shares), [3]), graph.number(depth))
      const dScores = graph.multiply(shares, graph.subtract(dShares, along))
      const dProducts = graph.multiply(dScores, factor)
      const gradients = [
        graph.product(dProducts, key),
        graph.product(dProducts, query, 'first'),
        graph.product(shares, dOut, 'first'),
      ]
      const ofFactor = graph.total(graph.multiply(dScores, products), [0, 2, 3])
      return {
        inputs: gradients.map((gradient) => image(place, gradient)),
        parameters: { [layer.name]: graph.reshape(ofFactor, [heads, 1, 1]) },
      }
    },
  }
}

/** Sines and cosines of each pixel's place, combined. */
export const fourierPositionsRule = ({ name, features }: FourierPositionsLayer): LayerRule => {
  const [weight, bias] = [`${name}.weight`, `${name}.bias`]
  const placesIn = ({ graph, kernel }: Place): Value => graph.matrix(fourierFeatures(features, kernel.node.shape))
  return {
    forward: (place, [x = '']) => {
      const { graph, kernel, parameters } = place
      const { shape } = kernel.node
      const sizes = shape.kind === 'image' ? [shape.height, shape.width, shape.channels] : []
      const added = graph.add(graph.product(placesIn(place), present(parameters, weight)), present(parameters, bias))
      return activated(place, graph.add(x, graph.reshape(added, [1, ...sizes])))
    },
    backward: (place, incoming) => {
      const { graph, kernel } = place
      const dz = deactivated(place, incoming)
      const sums = graph.reshape(graph.total(dz, [0]), [tokensOf(kernel.node.shape), -1])
      return {
        inputs: [dz],
        parameters: {
          [weight]: graph.product(placesIn(place), sums, 'first'),
          [bias]: graph.total(sums, [0]),
        },
      }
    },
  }
}

/** Numbers divided by their length. */
export const unitNormRule = ({ over }: UnitNormLayer): LayerRule => {
  const unit = (graph: GraphBuilder, x: Value, shape: NodeShape | undefined) => {
    const axes = over === 'pixels' ? [1, 2] : [shape?.kind === 'image' ? 3 : 1]
    const count = over === 'pixels' ? tokensOf(shape) : shape ? channelsIn(shape) : 1
    const total = (value: Value): Value => graph.multiply(graph.mean(value, axes), graph.number(count))
    const norm = graph.squareRoot(total(graph.multiply(x, x)))
    const length = graph.larger(norm, graph.number(LEAST_LENGTH))
    return { total, norm, length, y: graph.divide(x, length) }
  }
  return {
    forward: ({ graph, kernel }, [x = '']) => unit(graph, x, kernel.node.inputShapes[0]).y,
    backward: ({ graph, kernel }, { dy, input }) => {
      const { total, norm, length, y } = unit(graph, input(), kernel.node.inputShapes[0])
      const isLonger = graph.elementwise('Sign', graph.relu(graph.subtract(norm, graph.number(LEAST_LENGTH))))
      const along = graph.multiply(graph.multiply(y, total(graph.multiply(y, dy))), isLonger)
      return { inputs: [graph.divide(graph.subtract(dy, along), length)] }
    },
  }
}

/** Shares of the channels at the same place of each part. */
export const softmaxRule = (layer: SoftmaxLayer): LayerRule => {
  const rows = ({ graph, kernel: { node } }: Place, x: Value) => {
    const channels = channelsIn(node.shape)
    const parts = partsOf(layer, channels)
    return { parts, values: graph.transpose(graph.reshape(x, [-1, parts, channels / parts]), [0, 2, 1]) }
  }
  const back = ({ graph }: Place, values: Value, like: Value): Value =>
    graph.reshapeLike(graph.transpose(values, [0, 2, 1]), like)
  return {
    forward: (place, [x = '']) => back(place, place.graph.softmax(rows(place, x).values), x),
    backward: (place, { dy, output }) => {
      const { graph } = place
      const { parts, values: shares } = rows(place, output())
      const gradient = rows(place, dy).values
      const along = graph.multiply(graph.mean(graph.multiply(gradient, shares), [2]), graph.number(parts))
      return { inputs: [back(place, graph.multiply(shares, graph.subtract(gradient, along)), dy)] }
    },
  }
}

/** Each image with mean 0 and standard deviation 1. */
export const standardizeRule = (): LayerRule => {
  const AXES = [1, 2, 3]
  const standardized = ({ graph, kernel }: Place, x: Value) => {
    const standard = standardOf(numbersIn(kernel.node.shape))
    const [share, least] = [graph.number(standard.factor), graph.number(standard.least)]
    const centred = graph.subtract(x, graph.mean(x, AXES))
    const deviation = graph.squareRoot(graph.multiply(graph.mean(graph.multiply(centred, centred), AXES), share))
    const divisor = graph.larger(deviation, least)
    return { share, least, deviation, divisor, z: graph.divide(centred, divisor) }
  }
  return {
    forward: (place, [x = '']) => standardized(place, x).z,
    backward: (place, { dy, input }) => {
      const { graph } = place
      const { share, least, deviation, divisor, z } = standardized(place, input())
      const isLarger = graph.elementwise('Sign', graph.relu(graph.subtract(deviation, least)))
      const mean = graph.multiply(graph.mean(graph.multiply(dy, z), AXES), graph.multiply(share, isLarger))
      const centred = graph.subtract(dy, graph.mean(dy, AXES))
      return { inputs: [graph.divide(graph.subtract(centred, graph.multiply(z, mean)), divisor)] }
    },
  }
}

/** The largest or the mean of the same channel in all parts. */
export const poolChannelsRule = ({ of }: PoolChannelsLayer): LayerRule => ({
  forward: ({ graph, kernel }, [x = '']) => {
    const [channels, size] = partsIn(kernel)
    if (of === 'max') return largest(graph, x, rankOf(kernel), channels / size, size)
    const sums = graph.product(graph.reshape(x, [-1, channels]), graph.matrix(partMeans(channels, size)))
    return graph.reshape(sums, sizesOf(kernel.node.shape))
  },
  backward: ({ graph, kernel }, { dy, input }) => {
    const [channels, size] = partsIn(kernel)
    if (of === 'max') return { inputs: [largestGradient(graph, input(), dy, rankOf(kernel), channels / size, size)] }
    const shares = graph.product(graph.reshape(dy, [-1, size]), graph.matrix(partMeans(channels, size)), 'second')
    return { inputs: [graph.reshape(shares, sizesOf(kernel.node.inputShapes[0] ?? kernel.node.shape))] }
  },
})

const partsIn = ({ node: { shape, inputShapes } }: Place['kernel']): readonly [channels: number, size: number] => [
  channelsIn(inputShapes[0] ?? shape),
  channelsIn(shape),
]

const rankOf = ({ node: { shape } }: Place['kernel']): number => (shape.kind === 'image' ? 4 : 2)

/** Both halves of all parts but an odd last one, and that one. */
const halvesOf = (graph: GraphBuilder, x: Value, rank: number, parts: number, size: number) => {
  const half = Math.floor(parts / 2)
  const part = (begin: number, count: number): Value => graph.sliceLast(x, rank, begin * size, count * size)
  return { half, early: part(0, half), late: part(half, half), odd: parts % 2 === 0 ? [] : [part(2 * half, 1)] }
}

const largest = (graph: GraphBuilder, x: Value, rank: number, parts: number, size: number): Value => {
  if (parts === 1) return x
  const { half, early, late, odd } = halvesOf(graph, x, rank, parts, size)
  const larger = graph.joinLast([graph.larger(early, late), ...odd], rank)
  return largest(graph, larger, rank, half + odd.length, size)
}

/** Of equal numbers the gradient goes to one of the earlier part. */
const largestGradient = (
  graph: GraphBuilder,
  x: Value,
  dy: Value,
  rank: number,
  parts: number,
  size: number,
): Value => {
  if (parts === 1) return dy
  const { half, early, late, odd } = halvesOf(graph, x, rank, parts, size)
  const larger = graph.joinLast([graph.larger(early, late), ...odd], rank)
  const gradient = largestGradient(graph, larger, dy, rank, half + odd.length, size)
  const ofLarger = graph.sliceLast(gradient, rank, 0, half * size)
  const ofLate = graph.reluGradient(ofLarger, graph.relu(graph.subtract(late, early)))
  const ofOdd = odd.map(() => graph.sliceLast(gradient, rank, half * size, size))
  return graph.joinLast([graph.subtract(ofLarger, ofLate), ofLate, ...ofOdd], rank)
}

const sizesOf = (shape: NodeShape): readonly number[] =>
  shape.kind === 'image' ? [-1, shape.height, shape.width, shape.channels] : [-1, shape.features]
