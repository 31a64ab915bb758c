import { numbersIn } from '../../../models/architecture/shapes.js'
import type { FlattenLayer } from '../../../models/layers/layer.js'
import type { Crop2dLayer, UnflattenLayer } from '../../../models/layers/reshaping.js'
import type { Resize2dLayer, ResizeMode } from '../../../models/layers/resizing.js'
import { channelsOf, Nodes } from './nodeList.js'
import type { LayerPlace } from './windowNodes.js'
import { integer, string, type WrittenNode, writtenNode } from './writtenNode.js'

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

/** An image of another size. */
export const resizeNodes = ({ height, width, mode }: Resize2dLayer, place: LayerPlace): readonly WrittenNode[] => {
  const [shape] = place.inputShapes
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const batch = nodes.add('Shape', [x], [integer('start', 0), integer('end', 1)])
  const sizes = nodes.add('Concat', [batch, nodes.whole([channelsOf(shape), height, width])], [integer('axis', 0)])
  return nodes.ending(
    'Resize',
    [x, '', '', sizes],
    [
      string('mode', mode === 'nearest' ? 'nearest' : 'linear'),
      string('coordinate_transformation_mode', coordinates[mode]),
      ...(mode === 'nearest' ? [string('nearest_mode', 'floor')] : []),
    ],
  )
}

const coordinates: Readonly<Record<ResizeMode, string>> = {
  nearest: 'asymmetric',
  bilinear: 'half_pixel',
  bilinearCorners: 'align_corners',
}
