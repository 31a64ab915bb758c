import type { NodeShape } from '../architecture/shapes.js'
import type { FlattenLayer } from '../layers/layer.js'
import type { Crop2dLayer, UnflattenLayer } from '../layers/reshaping.js'
import type { Resize2dLayer } from '../layers/resizing.js'
import { resizeWeights } from '../windows/resizeWeights.js'
import type { LayerRule } from './layerRule.js'

/** One vector for each image. */
export const flattenRule = ({ order }: FlattenLayer): LayerRule => ({
  forward: ({ graph, kernel: { node } }, [x = '']) => {
    const features = node.shape.kind === 'vector' ? node.shape.features : -1
    return graph.reshape(order === 'channels' ? graph.transpose(x, [0, 3, 1, 2]) : x, [-1, features])
  },
  backward: ({ graph, kernel: { node } }, { dy }) => {
    const { height, width, channels } = imageOf(node.inputShapes[0])
    if (order !== 'channels') return { inputs: [graph.reshape(dy, [-1, height, width, channels])] }
    return { inputs: [graph.transpose(graph.reshape(dy, [-1, channels, height, width]), [0, 2, 3, 1])] }
  },
})

/** An image of each vector. */
export const unflattenRule = ({ height, width, channels, order }: UnflattenLayer): LayerRule => ({
  forward: ({ graph }, [x = '']) =>
    order === 'pixels'
      ? graph.reshape(x, [-1, height, width, channels])
      : graph.transpose(graph.reshape(x, [-1, channels, height, width]), [0, 2, 3, 1]),
  backward: ({ graph }, { dy }) => ({
    inputs: [
      graph.reshape(order === 'pixels' ? dy : graph.transpose(dy, [0, 3, 1, 2]), [-1, height * width * channels]),
    ],
  }),
})

/** An image without rows and columns at its sides, whose gradient is 0. */
export const cropRule = (sides: Crop2dLayer): LayerRule => ({
  forward: ({ graph, kernel: { node } }, [x = '']) => {
    const { height, width } = imageOf(node.shape)
    return graph.cropSides(x, sides, height, width)
  },
  backward: ({ graph }, { dy }) => ({ inputs: [graph.padSides(dy, sides, 0)] }),
})

/** An image of another size, as products with the weights of its rows and its columns. */
export const resizeRule = ({ height, width, mode }: Resize2dLayer): LayerRule => ({
  forward: ({ graph, kernel: { node } }, [x = '']) => {
    const from = imageOf(node.inputShapes[0])
    const [rows, columns] = [resizeWeights(mode, from.height, height), resizeWeights(mode, from.width, width)]
    const high = graph.product(graph.matrix(rows), graph.reshape(x, [-1, from.height, from.width * from.channels]))
    const wide = graph.product(graph.matrix(columns), graph.reshape(high, [-1, from.width, from.channels]))
    return graph.reshape(wide, [-1, height, width, from.channels])
  },
  backward: ({ graph, kernel: { node } }, { dy }) => {
    const from = imageOf(node.inputShapes[0])
    const [rows, columns] = [resizeWeights(mode, from.height, height), resizeWeights(mode, from.width, width)]
    const wide = graph.product(graph.matrix(columns), graph.reshape(dy, [-1, width, from.channels]), 'first')
    const high = graph.product(
      graph.matrix(rows),
      graph.reshape(wide, [-1, height, from.width * from.channels]),
      'first',
    )
    return { inputs: [graph.reshape(high, [-1, from.height, from.width, from.channels])] }
  },
})

/** The image of a shape. @throws Error for a vector, which is a defect of this package */
const imageOf = (shape: NodeShape | undefined) => {
  if (shape?.kind !== 'image') throw new Error('a layer of images has a vector')
  return shape
}
