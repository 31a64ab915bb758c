import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { present } from '../architecture/lookups.js'
import { inverseOf, selectionOf } from '../architecture/selection.js'
import type { NodeShape } from '../architecture/shapes.js'
import type { LayerScaleLayer, SelectChannelsLayer } from '../layers/layer.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/** Channels one after the other. Each input has its part of the gradient. */
export const concatRule: LayerRule = {
  forward: (place, inputs) => place.graph.joinLast(inputs, rankOf(inputOf(place, 0))),
  backward: (place, { dy }) => {
    let begin = 0
    return {
      inputs: place.kernel.node.inputShapes.map((shape) => {
        const size = channelsIn(shape)
        begin += size
        return place.graph.sliceLast(dy, rankOf(shape), begin - size, size)
      }),
    }
  },
}

/** Some channels, and channels of zeros. */
export const selectRule = ({ channels }: SelectChannelsLayer): LayerRule => ({
  forward: (place, [x = '']) => selected(place.graph, x, inputOf(place, 0), channels),
  backward: (place, { dy }) => ({
    inputs: [selected(place.graph, dy, place.kernel.node.shape, inverseOf(channels, channelsIn(inputOf(place, 0))))],
  }),
})

const selected = (graph: GraphBuilder, x: Value, shape: NodeShape, channels: readonly number[]): Value => {
  const [rank, inputs] = [rankOf(shape), channelsIn(shape)]
  const selection = selectionOf(channels, inputs)
  switch (selection.type) {
    case 'range':
      return selection.size === inputs ? x : graph.sliceLast(x, rank, selection.begin, selection.size)
    case 'zeros':
      return graph.padLast(x, rank, selection.before, selection.after)
    case 'places': {
      const seen = selection.zeros === 0 ? x : graph.padLast(x, rank, 0, selection.zeros)
      return graph.gatherLast(seen, rank, selection.places)
    }
  }
}

/** The product of two inputs: the gradient of each is that of the product times the other. */
export const multiplyRule: LayerRule = {
  forward: (place, inputs) => {
    const [left = '', right = ''] = inputs.map((value, i) => spread(place, value, i))
    return place.graph.multiply(left, right)
  },
  backward: (place, { dy, input }) => {
    const { graph, kernel } = place
    return {
      inputs: kernel.node.inputShapes.map((shape, i) => {
        const other = 1 - i
        const gradient = graph.multiply(dy, spread(place, input(other), other))
        return isSpread(place, i) ? summed(graph, gradient, shape, kernel.node.shape) : gradient
      }),
    }
  },
}

/** A learned factor of each channel. */
export const layerScaleRule = ({ name }: LayerScaleLayer): LayerRule => ({
  forward: (place, [x = '']) => activated(place, place.graph.multiply(x, present(place.parameters, name))),
  backward: (place, incoming) => {
    const { graph, parameters } = place
    const dz = deactivated(place, incoming)
    return {
      inputs: [graph.multiply(dz, present(parameters, name))],
      parameters: { [name]: graph.biasGradient(graph.multiply(dz, incoming.input())) },
    }
  },
})

/** Whether an input has one number for each channel of images of more pixels, or for each pixel; or is a vector beside images. */
const isSpread = (place: Place, index: number): boolean => {
  const { shape } = place.kernel.node
  const own = inputOf(place, index)
  if (shape.kind === 'vector') return false
  return own.kind === 'vector' || own.height !== shape.height || own.width !== shape.width || isOfPixels(own, shape)
}

const isOfPixels = (own: NodeShape, shape: NodeShape): boolean => channelsIn(own) < channelsIn(shape)

/** An input as images that a product is broadcast over. */
const spread = (place: Place, value: Value, index: number): Value => {
  const own = inputOf(place, index)
  const isFlat = own.kind === 'vector' && place.kernel.node.shape.kind === 'image'
  return isFlat ? place.graph.reshape(value, [-1, 1, 1, channelsIn(own)]) : value
}

/** The gradient of a number for each channel, or for each pixel: the sum over the others. */
const summed = (graph: GraphBuilder, gradient: Value, shape: NodeShape, whole: NodeShape): Value => {
  if (shape.kind === 'image' && isOfPixels(shape, whole))
    return graph.reshape(graph.total(gradient, [3]), [-1, shape.height, shape.width, 1])
  const sums = graph.total(gradient, [1, 2])
  return shape.kind === 'vector' ? sums : graph.reshape(sums, [-1, 1, 1, shape.channels])
}

/** The shape of one of a layer's inputs. @throws Error if the layer has no such input, which is a defect of this package */
const inputOf = ({ kernel: { node } }: Place, index: number): NodeShape => {
  const shape = node.inputShapes[index]
  if (!shape) throw new Error(`"${node.id}" has no input ${index + 1}`)
  return shape
}

const rankOf = ({ kind }: NodeShape): number => (kind === 'image' ? 4 : 2)

const channelsIn = (shape: NodeShape): number => (shape.kind === 'image' ? shape.channels : shape.features)
