import { type Extent, isEach, pairOf } from '../../../dsl/kit/extent.js'
import type { NodeShape } from '../../../models/architecture/shapes.js'
import { poolWindows } from '../../../models/architecture/windowsAlong.js'
import type { AvgPool2dLayer, MaxPool2dLayer, PadMode, Sides } from '../../../models/layers/windowLayers.js'
import { modeNames, paddedName } from './graph/writtenNames.js'
import {
  constantNode,
  float,
  integer,
  integers,
  type Place,
  string,
  type WrittenAttribute,
  type WrittenNode,
  writtenNode,
} from './writtenNode.js'

/** A layer's place, with the shapes of its inputs and the opset of the file. */
export interface LayerPlace extends Place {
  readonly inputShapes: readonly NodeShape[]
  readonly opset: number
}

/** Windows as attributes. */
export const window = (kernel: Extent, stride: Extent): readonly WrittenAttribute[] => [
  integers('kernel_shape', pairOf(kernel)),
  integers('strides', pairOf(stride)),
]

/** The same pixels at both ends of each axis, as an attribute. */
export const padsOf = (padding: Extent): WrittenAttribute => integers('pads', [...pairOf(padding), ...pairOf(padding)])

/** More pixels at chosen sides. */
export const padNodes = (
  { top, bottom, left, right }: Sides,
  value: number,
  place: Place,
  mode?: PadMode,
): readonly WrittenNode[] => {
  const [pads, number] = [`${place.id}/pads`, `${place.id}/value`]
  return [
    constantNode(pads, integers('value_ints', [0, 0, top, left, 0, 0, bottom, right])),
    ...(value === 0 ? [] : [constantNode(number, float('value_float', value))]),
    writtenNode(
      'Pad',
      place,
      [pads, ...(value === 0 ? [] : [number])],
      mode === undefined ? [] : [string('mode', modeNames[mode])],
    ),
  ]
}

/** The maximum over windows, as a `MaxPool` with its own padding. */
export const maxPoolNodes = (layer: MaxPool2dLayer, place: LayerPlace): readonly WrittenNode[] => [
  writtenNode(
    'MaxPool',
    place,
    [],
    [...window(layer.kernel, layer.stride), ...ownPads(layer), ...ceilOf(layer, place)],
  ),
]

/**
 * A mean over zeros and windows beyond them: the zeros are a node of their own, because runtimes differ in what they
 * count beyond the image.
 */
export const avgPoolNodes = (layer: AvgPool2dLayer, place: LayerPlace): readonly WrittenNode[] => {
  const { kernel, stride, padding = 0, countIncludePad = true } = layer
  const ceil = ceilOf(layer, place)
  const pads = !isEach(padding, 0)
  if (pads && countIncludePad && ceil.length > 0) {
    const padded = paddedName(place.id)
    const [down, across] = pairOf(padding)
    const sides = { top: down, bottom: down, left: across, right: across }
    return [
      ...padNodes(sides, 0, { ...place, id: padded, output: padded }),
      writtenNode('AveragePool', { ...place, inputs: [padded] }, [], [...window(kernel, stride), ...ceil]),
    ]
  }
  const counts = pads && countIncludePad ? [integer('count_include_pad', 1)] : []
  return [writtenNode('AveragePool', place, [], [...window(kernel, stride), ...ownPads(layer), ...counts, ...ceil])]
}

const ownPads = ({ padding = 0 }: MaxPool2dLayer | AvgPool2dLayer): readonly WrittenAttribute[] =>
  isEach(padding, 0) ? [] : [padsOf(padding)]

/** `ceil_mode`, if there are windows beyond the padded image: runtimes differ in what they do without. */
const ceilOf = (
  layer: MaxPool2dLayer | AvgPool2dLayer,
  { inputShapes: [shape] }: LayerPlace,
): readonly WrittenAttribute[] => {
  const windows = shape?.kind === 'image' ? poolWindows(shape, layer) : []
  return windows.some(({ beyond }) => beyond > 0) ? [integer('ceil_mode', 1)] : []
}
