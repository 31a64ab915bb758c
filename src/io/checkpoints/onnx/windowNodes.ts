import type { AvgPool2dLayer, MaxPool2dLayer, Sides } from '../../../models/architecture/layer.js'
import type { NodeShape } from '../../../models/architecture/shapes.js'
import { windowsAlong } from '../../../models/architecture/windowsAlong.js'
import { paddedName } from './graph/paddedName.js'
import {
  constantNode,
  float,
  integer,
  integers,
  type Place,
  type WrittenAttribute,
  type WrittenNode,
  writtenNode,
} from './writtenNode.js'

/** A layer's place, with the shapes of its inputs. */
export interface LayerPlace extends Place {
  readonly inputShapes: readonly NodeShape[]
}

/** Square windows as attributes. */
export const window = (kernel: number, stride: number): readonly WrittenAttribute[] => [
  integers('kernel_shape', [kernel, kernel]),
  integers('strides', [stride, stride]),
]

/** More pixels at chosen sides. */
export const padNodes = ({ top, bottom, left, right }: Sides, value: number, place: Place): readonly WrittenNode[] => {
  const [pads, number] = [`${place.id}/pads`, `${place.id}/value`]
  return [
    constantNode(pads, integers('value_ints', [0, 0, top, left, 0, 0, bottom, right])),
    ...(value === 0 ? [] : [constantNode(number, float('value_float', value))]),
    writtenNode('Pad', place, [pads, ...(value === 0 ? [] : [number])]),
  ]
}

/** The maximum over windows, as a `MaxPool` with its own padding. */
export const maxPoolNodes = (layer: MaxPool2dLayer, place: LayerPlace): readonly WrittenNode[] => [
  writtenNode('MaxPool', place, [], [...window(layer.kernel, layer.stride), ...padsOf(layer), ...ceilOf(layer, place)]),
]

/**
 * A mean over zeros and windows beyond them: the zeros are a node of their own, because runtimes differ in what they
 * count beyond the image.
 */
export const avgPoolNodes = (layer: AvgPool2dLayer, place: LayerPlace): readonly WrittenNode[] => {
  const { kernel, stride, padding = 0, countIncludePad = true } = layer
  const ceil = ceilOf(layer, place)
  if (padding > 0 && countIncludePad && ceil.length > 0) {
    const padded = paddedName(place.id)
    const sides = { top: padding, bottom: padding, left: padding, right: padding }
    return [
      ...padNodes(sides, 0, { ...place, id: padded, output: padded }),
      writtenNode('AveragePool', { ...place, inputs: [padded] }, [], [...window(kernel, stride), ...ceil]),
    ]
  }
  const counts = padding > 0 && countIncludePad ? [integer('count_include_pad', 1)] : []
  return [writtenNode('AveragePool', place, [], [...window(kernel, stride), ...padsOf(layer), ...counts, ...ceil])]
}

const padsOf = ({ padding = 0 }: MaxPool2dLayer | AvgPool2dLayer): readonly WrittenAttribute[] =>
  padding === 0 ? [] : [integers('pads', [padding, padding, padding, padding])]

/** `ceil_mode`, if there are windows beyond the padded image: runtimes differ in what they do without. */
const ceilOf = (
  layer: MaxPool2dLayer | AvgPool2dLayer,
  { inputShapes: [shape] }: LayerPlace,
): readonly WrittenAttribute[] => {
  const sizes = shape?.kind === 'image' ? [shape.height, shape.width] : []
  return sizes.some((size) => windowsAlong(size, layer).beyond > 0) ? [integer('ceil_mode', 1)] : []
}
