import type { Tensor4D } from '@tensorflow/tfjs-core'
import { type Extent, pairOf } from '../../dsl/kit/extent.js'
import { tf } from '../../engine/tf.js'
import type { GraphNode } from '../architecture/architecture.js'
import type { AvgPool2dLayer, MaxPool2dLayer, Pad2dLayer, Sides } from '../layers/windowLayers.js'
import { padSources } from '../windows/padSources.js'
import { poolWindowOf } from '../windows/poolWindow.js'

/** Images with more pixels at each side, which all hold one number. */
export const padded = (x: Tensor4D, { top, bottom, left, right }: Sides, value: number): Tensor4D =>
  tf.pad(
    x,
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ],
    value,
  )

/** Images with more pixels at each side: one number, or pixels of the image. */
export const enlarged = (layer: Pad2dLayer, { inputShapes: [shape] }: GraphNode, x: Tensor4D): Tensor4D => {
  const sources = padSources(layer, shape)
  if (!sources) return padded(x, layer, layer.value ?? 0)
  return taken(taken(x, 1, sources.rows), 2, sources.columns)
}

/** Rows or columns by their places. */
const taken = (x: Tensor4D, axis: 1 | 2, places: readonly number[]): Tensor4D =>
  tf.concat(
    runsOf(places).map(([begin, size]) => {
      const [from, sizes] = [
        [0, 0, 0, 0],
        [-1, -1, -1, -1],
      ]
      from[axis] = begin
      sizes[axis] = size
      return tf.slice(x, from, sizes)
    }),
    axis,
  )

/** Places as runs of consecutive ones: the first place of each, and how many. */
const runsOf = (places: readonly number[]): readonly (readonly [begin: number, size: number])[] =>
  places.reduce<readonly (readonly [number, number])[]>((runs, place) => {
    const [begin, size] = runs.at(-1) ?? [Number.NaN, 0]
    return place === begin + size ? [...runs.slice(0, -1), [begin, size + 1]] : [...runs, [place, 1]]
  }, [])

const both = (extent: Extent): [number, number] => [...pairOf(extent)]

/** The largest value of each window. */
export const largest = (layer: MaxPool2dLayer, node: GraphNode, x: Tensor4D): Tensor4D => {
  const { sides } = poolWindowOf(layer, node.inputShapes[0])
  const image = sides ? padded(x, sides, Number.NEGATIVE_INFINITY) : x
  return tf.maxPool(image, both(layer.kernel), both(layer.stride), 'valid')
}

/** The mean of each window. */
export const averaged = (layer: AvgPool2dLayer, node: GraphNode, x: Tensor4D): Tensor4D => {
  const { sides, scale } = poolWindowOf(layer, node.inputShapes[0])
  const means = tf.avgPool(sides ? padded(x, sides, 0) : x, both(layer.kernel), both(layer.stride), 'valid')
  if (!scale) return means
  return tf.mul(means, tf.tensor3d(scale.flat(), [scale.length, scale[0]?.length ?? 0, 1]))
}
