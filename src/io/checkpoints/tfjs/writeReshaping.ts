import { numbersIn } from '../../../models/architecture/shapes.js'
import type { FlattenLayer } from '../../../models/layers/layer.js'
import type { Crop2dLayer, UnflattenLayer } from '../../../models/layers/reshaping.js'
import type { Resize2dLayer } from '../../../models/layers/resizing.js'
import { FLOAT, INTEGER, type Value } from './graphModel.js'
import type { Place } from './place.js'
import { reshaped } from './writeTokens.js'

/** Adds a change from images to vectors. @returns its output */
export const writeFlatten = ({ order }: FlattenLayer, place: Place): Value => {
  const [x] = place.inputs
  const listed = order === 'channels' ? transposed(place, x, [0, 3, 1, 2], `${place.kernel.node.id}/channels`) : x
  return reshaped(place, '', listed, [-1, numbersIn(place.kernel.node.shape)])
}

/** Adds a change from vectors to images. @returns its output */
export const writeUnflatten = ({ height, width, channels, order }: UnflattenLayer, place: Place): Value => {
  const [x] = place.inputs
  if (order === 'pixels') return reshaped(place, '', x, [-1, height, width, channels])
  const images = reshaped(place, 'channels', x, [-1, channels, height, width])
  return transposed(place, images, [0, 2, 3, 1], place.kernel.node.id)
}

/** Adds a change from images to smaller ones. @returns its output */
export const writeCrop = ({ top, left }: Crop2dLayer, { graph, kernel, inputs }: Place): Value => {
  const { id, shape } = kernel.node
  const [height, width] = shape.kind === 'image' ? [shape.height, shape.width] : [1, 1]
  const begin = graph.integers(`${id}/begin`, [4], [0, top, left, 0])
  const size = graph.integers(`${id}/size`, [4], [-1, height, width, -1])
  return graph.node('Slice', kernel.result, [...inputs, begin, size], { Index: INTEGER })
}

/** Adds a change of an image's size. @returns its output */
export const writeResize = ({ height, width, mode }: Resize2dLayer, { graph, kernel, inputs }: Place): Value => {
  const size = graph.integers(`${kernel.node.id}/size`, [2], [height, width])
  const isNearest = mode === 'nearest'
  return graph.node(isNearest ? 'ResizeNearestNeighbor' : 'ResizeBilinear', kernel.result, [...inputs, size], {
    T: FLOAT,
    align_corners: { b: mode === 'bilinearCorners' },
    half_pixel_centers: { b: mode === 'bilinear' },
  })
}

const transposed = ({ graph }: Place, x: Value | undefined, order: readonly number[], name: string): Value =>
  graph.node('Transpose', name, [x ?? '', graph.integers(`${name}Order`, [4], order)], { Tperm: INTEGER })
