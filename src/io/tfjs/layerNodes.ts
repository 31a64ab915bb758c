import { samePads } from '../../engine/ops/conv2d.js'
import type { Kernel } from '../../models/execution.js'
import type { Layer } from '../../models/layers.js'
import { type GraphModelBuilder, INTEGER, text, texts, type Value, whole, wholes } from './graphModel.js'

/** A layer of a network in use: its batch normalisations are part of other layers. */
type UsedLayer = Exclude<Layer, { readonly type: 'batchNorm2d' }>

/** A layer in its place in the graph to be written. */
export interface Place<L extends Layer> {
  readonly graph: GraphModelBuilder
  readonly layer: L
  readonly kernel: Kernel
  readonly inputs: readonly Value[]
  /** The constant of a layer's parameter: `weight`, `bias`. */
  readonly parameter: (part: string) => Value
}

type Writers = { readonly [K in UsedLayer['type']]: (place: Place<Extract<Layer, { readonly type: K }>>) => Value }

const NHWC = { data_format: text('NHWC') }

const activated = ({ graph, kernel }: Place<Layer>, value: Value): Value =>
  kernel.activation === 'relu' ? graph.node('Relu', kernel.result, [value]) : value

/** What TensorFlow joins with a product: its bias, and the ReLU behind it. */
const fused = ({ kernel }: Place<Layer>) => ({
  fused_ops: texts(kernel.activation === 'relu' ? ['BiasAdd', 'Relu'] : ['BiasAdd']),
  num_args: whole(1),
})

const window = (kernel: number, stride: number) => ({
  ...NHWC,
  ksize: wholes([1, kernel, kernel, 1]),
  strides: wholes([1, stride, stride, 1]),
  padding: text('VALID'),
})

const perChannel = ({ graph, kernel }: Place<Layer>, part: string, values: readonly number[]): Value =>
  graph.constant(`${kernel.node.id}/${part}`, [values.length], Float32Array.from(values))

const writers: Writers = {
  normalize: (place) => {
    const { graph, layer, kernel, inputs } = place
    const { id } = kernel.node
    const centred = graph.node('Sub', `${id}/centred`, [...inputs, perChannel(place, 'mean', layer.mean)])
    return graph.node('RealDiv', id, [centred, perChannel(place, 'std', layer.std)])
  },
  conv2d: (place) => {
    const { graph, layer, kernel, parameter } = place
    const { stride, bias } = layer
    const { value, padding } = padded(place)
    const attributes = {
      ...NHWC,
      strides: wholes([1, stride, stride, 1]),
      dilations: wholes([1, 1, 1, 1]),
      padding: text(padding),
    }
    const given = [value, parameter('weight')]
    if (bias === 'learned')
      return graph.node('_FusedConv2D', kernel.result, [...given, parameter('bias')], {
        ...attributes,
        ...fused(place),
      })
    return activated(place, graph.node('Conv2D', kernel.node.id, given, attributes))
  },
  affine2d: (place) => {
    const { graph, kernel, inputs, parameter } = place
    const scaled = graph.node('Mul', `${kernel.node.id}/scaled`, [...inputs, parameter('weight')])
    return activated(place, graph.node('AddV2', kernel.node.id, [scaled, parameter('bias')]))
  },
  linear: (place) => {
    const { graph, kernel, inputs, parameter } = place
    return graph.node('_FusedMatMul', kernel.result, [...inputs, parameter('weight'), parameter('bias')], {
      transpose_a: { b: false },
      transpose_b: { b: false },
      ...fused(place),
    })
  },
  relu: ({ graph, kernel, inputs }) => graph.node('Relu', kernel.result, inputs),
  maxPool2d: ({ graph, layer, kernel, inputs }) =>
    graph.node('MaxPool', kernel.result, inputs, window(layer.kernel, layer.stride)),
  avgPool2d: ({ graph, layer, kernel, inputs }) =>
    graph.node('AvgPool', kernel.result, inputs, window(layer.kernel, layer.stride)),
  flatten: ({ graph, kernel, inputs }) => {
    const { shape, id } = kernel.node
    const features = shape.kind === 'vector' ? shape.features : -1
    const sizes = graph.integers(`${id}/shape`, [2], [-1, features])
    return graph.node('Reshape', kernel.result, [...inputs, sizes], { Tshape: INTEGER })
  },
  add: ({ graph, kernel, inputs }) => graph.node('AddN', kernel.result, inputs, { N: whole(inputs.length) }),
}

/** A convolution's input and the padding that is left to it: zeros on both sides, where `SAME` has as many, are that. */
const padded = ({
  graph,
  layer,
  kernel: { node },
  inputs: [input = ''],
}: Place<Extract<Layer, { type: 'conv2d' }>>) => {
  const { kernel, stride, padding } = layer
  const [shape] = node.inputShapes
  if (padding === 0 || shape?.kind !== 'image') return { value: input, padding: 'VALID' }
  const same = [shape.height, shape.width].every((size) => samePads(size, kernel, stride, padding))
  if (same) return { value: input, padding: 'SAME' }
  const zeros = graph.integers(`${node.id}/paddings`, [4, 2], [0, 0, padding, padding, padding, padding, 0, 0])
  return { value: graph.node('Pad', `${node.id}/padded`, [input, zeros], { Tpaddings: INTEGER }), padding: 'VALID' }
}

/** Adds a layer's nodes, and gives what it gives. */
export const writeLayer = (place: Omit<Place<Layer>, 'layer'>): Value => {
  const { layer } = place.kernel.node
  if (layer.type === 'batchNorm2d') throw new Error(`"${layer.name}" is not folded`)
  // Each layer type is looked up under its own key, which TypeScript can't follow through a union.
  return (writers[layer.type] as (place: Place<Layer>) => Value)({ ...place, layer })
}
