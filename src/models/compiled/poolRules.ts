import { pairOf } from '../../dsl/kit/extent.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import type { AvgPool2dLayer, MaxPool2dLayer, Pad2dLayer, Sides } from '../layers/windowLayers.js'
import { padSources } from '../windows/padSources.js'
import { poolWindowOf } from '../windows/poolWindow.js'
import type { LayerRule, Place } from './layerRule.js'

/** The largest value of each window. Its gradient goes to the pixel that has it, which padding by −∞ never does. */
export const maxPoolRule = (layer: MaxPool2dLayer): LayerRule => {
  const [kernel, stride] = [pairOf(layer.kernel), pairOf(layer.stride)]
  const seen = (place: Place, x: Value): Value => padded(place, x, sidesOf(layer, place), Number.NEGATIVE_INFINITY)
  return {
    forward: (place, [x = '']) => place.graph.maxPool(seen(place, x), kernel, stride),
    backward: (place, { dy, input, output }) => {
      const dSeen = place.graph.maxPoolGradient(seen(place, input()), output(), dy, kernel, stride)
      return { inputs: [cropped(place, dSeen, sidesOf(layer, place))] }
    },
  }
}

/** The mean of each window. */
export const avgPoolRule = (layer: AvgPool2dLayer): LayerRule => {
  const [kernel, stride] = [pairOf(layer.kernel), pairOf(layer.stride)]
  const seen = (place: Place, x: Value): Value => padded(place, x, sidesOf(layer, place), 0)
  const scaled = ({ graph, kernel: { node } }: Place, means: Value): Value => {
    const { scale } = poolWindowOf(layer, node.inputShapes[0])
    if (!scale) return means
    return graph.multiply(means, graph.reshape(graph.matrix(scale), [scale.length, scale[0]?.length ?? 0, 1]))
  }
  return {
    forward: (place, [x = '']) => scaled(place, place.graph.avgPool(seen(place, x), kernel, stride)),
    backward: (place, { dy, input }) => {
      const { graph } = place
      const dMeans = scaled(place, dy)
      const dSeen = graph.avgPoolGradient(graph.shapeOf(seen(place, input())), dMeans, kernel, stride)
      return { inputs: [cropped(place, dSeen, sidesOf(layer, place))] }
    },
  }
}

/** More pixels at chosen sides of an image: one number, or pixels of the image. */
export const padRule = (layer: Pad2dLayer): LayerRule =>
  layer.mode === undefined
    ? {
        forward: (place, [x = '']) => padded(place, x, layer, layer.value ?? 0),
        backward: (place, { dy }) => ({ inputs: [cropped(place, dy, layer)] }),
      }
    : repeatRule(layer)

/**
 * Pixels of the image, as products with matrices of ones and zeros: each row of a matrix has a 1 at the place that it
 * repeats, so that its transposed adds up their gradients.
 */
const repeatRule = (layer: Pad2dLayer): LayerRule => {
  const sizesOf = ({ kernel: { node } }: Place) => {
    const [shape] = node.inputShapes
    const sources = padSources(layer, shape)
    if (shape?.kind !== 'image' || !sources) throw new Error('a pad2d has no image')
    return { ...shape, ...sources }
  }
  const matrixOf = ({ graph }: Place, places: readonly number[], size: number): Value =>
    graph.matrix(places.map((place) => Array.from({ length: size }, (_, i) => (i === place ? 1 : 0))))
  return {
    forward: (place, [x = '']) => {
      const { graph } = place
      const { height, width, channels, rows, columns } = sizesOf(place)
      const high = graph.product(matrixOf(place, rows, height), graph.reshape(x, [-1, height, width * channels]))
      const wide = graph.product(matrixOf(place, columns, width), graph.reshape(high, [-1, width, channels]))
      return graph.reshape(wide, [-1, rows.length, columns.length, channels])
    },
    backward: (place, { dy }) => {
      const { graph } = place
      const { height, width, channels, rows, columns } = sizesOf(place)
      const ofColumns = graph.reshape(dy, [-1, columns.length, channels])
      const wide = graph.product(matrixOf(place, columns, width), ofColumns, 'first')
      const ofRows = graph.reshape(wide, [-1, rows.length, width * channels])
      const high = graph.product(matrixOf(place, rows, height), ofRows, 'first')
      return { inputs: [graph.reshape(high, [-1, height, width, channels])] }
    },
  }
}

const sidesOf = (layer: MaxPool2dLayer | AvgPool2dLayer, { kernel: { node } }: Place): Sides | undefined =>
  poolWindowOf(layer, node.inputShapes[0]).sides

const padded = ({ graph }: Place, x: Value, sides: Sides | undefined, value: number): Value =>
  sides ? graph.padSides(x, sides, value) : x

/** The gradient of an image from that of the padded image. */
const cropped = ({ graph, kernel: { node } }: Place, dy: Value, sides: Sides | undefined): Value => {
  const [shape] = node.inputShapes
  return sides && shape?.kind === 'image' ? graph.cropSides(dy, sides, shape.height, shape.width) : dy
}
