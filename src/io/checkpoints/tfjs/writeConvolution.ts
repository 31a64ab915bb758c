import { isEach, pairOf } from '../../../dsl/kit/extent.js'
import { samePads } from '../../../engine/ops/conv2d.js'
import { groupsOf } from '../../../models/layers/layers.js'
import type { Conv2dLayer, ConvTranspose2dLayer } from '../../../models/layers/windowLayers.js'
import { tapsOf } from '../../../models/windows/taps.js'
import { transposedOf } from '../../../models/windows/transposed.js'
import { activated, fused, NHWC } from './fused.js'
import { INTEGER, text, type Value, whole, wholes } from './graphModel.js'
import type { Place } from './place.js'
import { spacedOut } from './spacedOut.js'

interface ConvPlace extends Place {
  readonly layer: Conv2dLayer
  /** Its weight, with its taps as far apart as its dilation says. */
  readonly filter: Value
}

/** Adds a convolution with its bias and ReLU: dense, depth-wise or of several groups. @returns its output */
export const writeConvolution = (layer: Conv2dLayer, place: Place): Value => {
  const [shape] = place.kernel.node.inputShapes
  const groups = groupsOf(layer)
  const own = { ...place, layer, filter: spread(layer, place) }
  if (groups === 1) return convolved(own, 'Conv2D', own.filter)
  const [down, across] = pairOf(layer.stride)
  // A depth-wise convolution has one stride for both axes.
  const isDepthwise = shape?.kind === 'image' && shape.channels === groups && down === across
  return isDepthwise ? depthwise(own) : sliced(own)
}

/** Adds a transposed convolution with its bias and ReLU. @returns its output */
export const writeTransposed = (layer: ConvTranspose2dLayer, place: Place): Value => {
  const { graph, kernel, inputs, parameter } = place
  const { id, inputShapes } = kernel.node
  const direct = transposedOf(layer, inputShapes[0])
  const both = graph.integers(`${id}/axes`, [2], [0, 1])
  const reversed = graph.node('ReverseV2', `${id}/reversed`, [parameter('weight'), both], { Tidx: INTEGER })
  return writeConvolution(direct.layer, {
    ...place,
    kernel: { ...kernel, node: { ...kernel.node, inputShapes: [direct.seen] } },
    inputs: [spacedOut(direct, graph, id, inputs[0] ?? '')],
    parameter: (part) => (part === 'weight' ? reversed : parameter(part)),
  })
}

/** A convolution with its bias and ReLU. */
const convolved = (place: ConvPlace, op: keyof typeof FUSED, weight: Value): Value => {
  const { graph, layer, kernel, parameter } = place
  const { value, attributes } = windowed(place)
  const given = [value, weight]
  if (layer.bias === 'none') return activated(place, graph.node(op, kernel.node.id, given, attributes))
  return graph.node(FUSED[op], kernel.result, [...given, parameter('bias')], { ...attributes, ...fused(place) })
}

const FUSED = { Conv2D: '_FusedConv2D', DepthwiseConv2dNative: 'FusedDepthwiseConv2dNative' } as const

/** The filter with zeros between its taps: TensorFlow.js has no dilation with a stride. */
const spread = (layer: Conv2dLayer, { graph, kernel: { node }, parameter }: Place): Value => {
  const { sides, matrix } = tapsOf(layer)
  const [shape] = node.inputShapes
  if (!matrix || shape?.kind !== 'image') return parameter('weight')
  const [taps, inputs] = [matrix[0]?.length ?? 0, shape.channels / groupsOf(layer)]
  const { id } = node
  const reshaped = (name: string, value: Value, sizes: readonly number[]): Value =>
    graph.node('Reshape', `${id}/${name}`, [value, graph.integers(`${id}/${name}Shape`, [sizes.length], sizes)], {
      Tshape: INTEGER,
    })
  const places = graph.constant(`${id}/places`, [matrix.length, taps], Float32Array.from(matrix.flat()))
  const product = graph.node('MatMul', `${id}/spread`, [places, reshaped('taps', parameter('weight'), [taps, -1])], {
    transpose_a: { b: false },
    transpose_b: { b: false },
  })
  return reshaped('filter', product, [...sides, inputs, layer.out])
}

const depthwise = (place: ConvPlace): Value => {
  const { graph, layer, kernel, filter } = place
  const { id } = kernel.node
  const groups = groupsOf(layer)
  const shape = graph.integers(`${id}/perInputShape`, [4], [...tapsOf(layer).sides, groups, layer.out / groups])
  const perInput = graph.node('Reshape', `${id}/perInput`, [filter, shape], { Tshape: INTEGER })
  return convolved(place, 'DepthwiseConv2dNative', perInput)
}

/** A convolution of each group. */
const sliced = (place: ConvPlace): Value => {
  const { graph, layer, kernel, parameter, filter } = place
  const { id } = kernel.node
  const count = groupsOf(layer)
  const { value, attributes } = windowed(place)
  const axis = graph.integers(`${id}/axis`, [], [3])
  const parts = (what: string, all: Value): readonly Value[] => {
    const split = graph.node('Split', `${id}/${what}`, [axis, all], { num_split: whole(count) })
    return Array.from({ length: count }, (_, i) => (i === 0 ? split : `${split}:${i}`))
  }
  const [images, filters] = [parts('images', value), parts('filters', filter)]
  const products = images.map((image, i) => graph.node('Conv2D', `${id}/${i}`, [image, filters[i] ?? ''], attributes))
  const joined = graph.node('ConcatV2', `${id}/product`, [...products, axis], { N: whole(count), Tidx: INTEGER })
  const sum = layer.bias === 'none' ? joined : graph.node('AddV2', `${id}/sum`, [joined, parameter('bias')])
  return activated(place, sum)
}

/** The input of a convolution, and the attributes of its window. */
const windowed = (place: ConvPlace) => {
  const { stride } = place.layer
  const { value, padding } = padded(place)
  const attributes = {
    ...NHWC,
    strides: wholes([1, ...pairOf(stride), 1]),
    dilations: wholes([1, 1, 1, 1]),
    padding: text(padding),
  }
  return { value, attributes }
}

/** The input of a convolution and its padding: `SAME` if that adds the same zeros on all sides, otherwise a node `Pad`. */
const padded = ({ graph, layer, kernel: { node }, inputs: [input = ''] }: ConvPlace) => {
  const { stride, padding } = layer
  const [shape] = node.inputShapes
  if (isEach(padding, 0) || shape?.kind !== 'image') return { value: input, padding: 'VALID' }
  if (samePads([shape.height, shape.width], tapsOf(layer).sides, stride, padding))
    return { value: input, padding: 'SAME' }
  const [down, across] = pairOf(padding)
  const zeros = graph.integers(`${node.id}/paddings`, [4, 2], [0, 0, down, down, across, across, 0, 0])
  return { value: graph.node('Pad', `${node.id}/padded`, [input, zeros], { Tpaddings: INTEGER }), padding: 'VALID' }
}
