import { numbersIn } from '../../../models/architecture/shapes.js'
import type { FlattenLayer } from '../../../models/layers/layer.js'
import type { Crop2dLayer, UnflattenLayer } from '../../../models/layers/reshaping.js'
import { Nodes } from './nodeList.js'
import type { LayerPlace } from './windowNodes.js'
import { integer, type WrittenNode, writtenNode } from './writtenNode.js'

/** One vector for each image: a `Reshape` if its order counts, so that a reader knows the two apart. */
export const flattenNodes = ({ order }: FlattenLayer, place: LayerPlace): readonly WrittenNode[] => {
  if (order !== 'channels') return [writtenNode('Flatten', place, [], [integer('axis', 1)])]
  const [shape] = place.inputShapes
  const nodes = new Nodes(place)
  return nodes.ending('Reshape', [...place.inputs, nodes.whole([0, shape ? numbersIn(shape) : 1])], [])
}

/** An image of each vector: a `Reshape`, of tokens to rows and then to an image. */
export const unflattenNodes = (layer: UnflattenLayer, place: LayerPlace): readonly WrittenNode[] => {
  const { height, width, channels, order } = layer
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const listed = order === 'channels' ? x : nodes.transpose(nodes.reshape(x, [0, height * width, channels]), [0, 2, 1])
  return nodes.ending('Reshape', [listed, nodes.whole([0, channels, height, width])], [])
}

/** An image without rows and columns at its sides. */
export const cropNodes = ({ top, bottom, left, right }: Crop2dLayer, place: LayerPlace): readonly WrittenNode[] => {
  const [shape] = place.inputShapes
  const [height, width] = shape?.kind === 'image' ? [shape.height, shape.width] : [1, 1]
  const nodes = new Nodes(place)
  const ends = [height - bottom, width - right]
  return nodes.ending('Slice', [...place.inputs, ...[[top, left], ends, [2, 3]].map((list) => nodes.whole(list))], [])
}
