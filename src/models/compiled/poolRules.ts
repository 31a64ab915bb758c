import { pairOf } from '../../dsl/kit/extent.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import type { AvgPool2dLayer, MaxPool2dLayer, Pad2dLayer, Sides } from '../architecture/layer.js'
import { poolWindowOf } from '../architecture/poolWindow.js'
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

/** More pixels at chosen sides of an image. */
export const padRule = (layer: Pad2dLayer): LayerRule => ({
  forward: (place, [x = '']) => padded(place, x, layer, layer.value ?? 0),
  backward: (place, { dy }) => ({ inputs: [cropped(place, dy, layer)] }),
})

const sidesOf = (layer: MaxPool2dLayer | AvgPool2dLayer, { kernel: { node } }: Place): Sides | undefined =>
  poolWindowOf(layer, node.inputShapes[0]).sides

const padded = ({ graph }: Place, x: Value, sides: Sides | undefined, value: number): Value =>
  sides ? graph.padSides(x, sides, value) : x

/** The gradient of an image from that of the padded image. */
const cropped = ({ graph, kernel: { node } }: Place, dy: Value, sides: Sides | undefined): Value => {
  const [shape] = node.inputShapes
  return sides && shape?.kind === 'image' ? graph.cropSides(dy, sides, shape.height, shape.width) : dy
}
