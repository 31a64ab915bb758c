import { dispatch } from '../../../dsl/kit/dispatch.js'
import { isEach, pairOf } from '../../../dsl/kit/extent.js'
import { samePads } from '../../../engine/ops/conv2d.js'
import type { Conv2dLayer, Layer, PoolWindows, Sides } from '../../../models/architecture/layer.js'
import { groupsOf } from '../../../models/architecture/layers.js'
import { padSources } from '../../../models/architecture/padSources.js'
import { poolWindowOf } from '../../../models/architecture/poolWindow.js'
import { tapsOf } from '../../../models/architecture/taps.js'
import { transposedOf } from '../../../models/architecture/transposed.js'
import { INTEGER, text, texts, type Value, whole, wholes } from './graphModel.js'
import type { Place } from './place.js'
import { spacedOut } from './spacedOut.js'
import { writeActivation } from './writeActivation.js'
import { writeBlockNorm } from './writeBlockNorm.js'
import { rankOf, writeProduct, writeSelection } from './writeChannels.js'
import { writeAttention, writeClassToken, writeTakeToken } from './writeTokens.js'

interface ConvPlace extends Place {
  readonly layer: Conv2dLayer
  /** Its weight, with its taps as far apart as its dilation says. */
  readonly filter: Value
}

const NHWC = { data_format: text('NHWC') }

const activated = ({ graph, kernel }: Place, value: Value): Value =>
  kernel.activation === 'relu' ? graph.node('Relu', kernel.result, [value]) : value

/** The attributes by which TensorFlow fuses a product with its bias and the ReLU after it. */
const fused = ({ kernel }: Place) => ({
  fused_ops: texts(kernel.activation === 'relu' ? ['BiasAdd', 'Relu'] : ['BiasAdd']),
  num_args: whole(1),
})

const window = ({ kernel, stride }: PoolWindows) => ({
  ...NHWC,
  ksize: wholes([1, ...pairOf(kernel), 1]),
  strides: wholes([1, ...pairOf(stride), 1]),
  padding: text('VALID'),
})

const perChannel = ({ graph, kernel }: Place, part: string, values: readonly number[]): Value =>
  graph.constant(`${kernel.node.id}/${part}`, [values.length], Float32Array.from(values))

const onlyInTraining = (_: Layer, { kernel }: Place): never => {
  throw new Error(`"${kernel.node.id}" is for training alone`)
}

const write = dispatch<Layer, readonly [Place], Value>({
  normalize: ({ mean, std }, place) => {
    const { graph, kernel, inputs } = place
    const { id } = kernel.node
    const centred = graph.node('Sub', `${id}/centred`, [...inputs, perChannel(place, 'mean', mean)])
    return graph.node('RealDiv', id, [centred, perChannel(place, 'std', std)])
  },
  conv2d: (layer, place) => convolution(layer, place),
  convTranspose2d: (layer, place) => {
    const { graph, kernel, inputs, parameter } = place
    const { id, inputShapes } = kernel.node
    const direct = transposedOf(layer, inputShapes[0])
    const both = graph.integers(`${id}/axes`, [2], [0, 1])
    const reversed = graph.node('ReverseV2', `${id}/reversed`, [parameter('weight'), both], { Tidx: INTEGER })
    return convolution(direct.layer, {
      ...place,
      kernel: { ...kernel, node: { ...kernel.node, inputShapes: [direct.seen] } },
      inputs: [spacedOut(direct, graph, id, inputs[0] ?? '')],
      parameter: (part) => (part === 'weight' ? reversed : parameter(part)),
    })
  },
  batchNorm2d: ({ name }) => {
    throw new Error(`"${name}" is not folded`)
  },
  layerNorm: (layer, place) => activated(place, writeBlockNorm(layer, place)),
  groupNorm: (layer, place) => activated(place, writeBlockNorm(layer, place)),
  affine2d: (_, place) => {
    const { graph, kernel, inputs, parameter } = place
    const scaled = graph.node('Mul', `${kernel.node.id}/scaled`, [...inputs, parameter('weight')])
    return activated(place, graph.node('AddV2', kernel.node.id, [scaled, parameter('bias')]))
  },
  linear: (_, place) => {
    const { graph, kernel, inputs, parameter } = place
    return graph.node('_FusedMatMul', kernel.result, [...inputs, parameter('weight'), parameter('bias')], {
      transpose_a: { b: false },
      transpose_b: { b: false },
      ...fused(place),
    })
  },
  relu: (_, { graph, kernel, inputs }) => graph.node('Relu', kernel.result, inputs),
  activation: ({ function: given }, { graph, kernel, inputs: [x = ''] }) =>
    writeActivation(given, graph, kernel.node.id, x),
  prelu: (_, place) =>
    activated(place, place.graph.node('Prelu', place.kernel.node.id, [...place.inputs, place.parameter('weight')])),
  maxPool2d: (layer, place) => {
    const { graph, kernel } = place
    const { sides } = poolWindowOf(layer, kernel.node.inputShapes[0])
    const seen = sides ? paddedImage(place, sides, LEAST) : place.inputs
    return graph.node('MaxPool', kernel.result, seen, window(layer))
  },
  avgPool2d: (layer, place) => {
    const { graph, kernel } = place
    const { sides, scale } = poolWindowOf(layer, kernel.node.inputShapes[0])
    const seen = sides ? paddedImage(place, sides, 0) : place.inputs
    if (!scale) return graph.node('AvgPool', kernel.result, seen, window(layer))
    const { id } = kernel.node
    const means = graph.node('AvgPool', `${id}/means`, seen, window(layer))
    const sizes = [scale.length, scale[0]?.length ?? 0, 1]
    const factors = graph.constant(`${id}/factors`, sizes, Float32Array.from(scale.flat()))
    return graph.node('Mul', kernel.result, [means, factors])
  },
  pad2d: (layer, place) => {
    const sources = padSources(layer, place.kernel.node.inputShapes[0])
    if (sources) return repeated(sources, place)
    const [value = ''] = paddedImage(place, layer, layer.value ?? 0, place.kernel.result)
    return value
  },
  flatten: (_, { graph, kernel, inputs }) => {
    const { shape, id } = kernel.node
    const features = shape.kind === 'vector' ? shape.features : -1
    const sizes = graph.integers(`${id}/shape`, [2], [-1, features])
    return graph.node('Reshape', kernel.result, [...inputs, sizes], { Tshape: INTEGER })
  },
  add: (_, { graph, kernel, inputs }) => graph.node('AddN', kernel.result, inputs, { N: whole(inputs.length) }),
  concat: (_, { graph, kernel, inputs }) => {
    const axis = graph.integers(`${kernel.node.id}/axis`, [], [rankOf(kernel) - 1])
    return graph.node('ConcatV2', kernel.result, [...inputs, axis], { N: whole(inputs.length), Tidx: INTEGER })
  },
  selectChannels: writeSelection,
  multiply: writeProduct,
  scale: ({ factor }, { graph, kernel, inputs }) => {
    const constant = graph.constant(`${kernel.node.id}/factor`, [], Float32Array.of(factor))
    return graph.node('Mul', kernel.result, [...inputs, constant])
  },
  attention: writeAttention,
  classToken: (layer, place) => activated(place, writeClassToken(layer, place)),
  positionEmbedding: (_, place) => {
    const { graph, kernel, inputs, parameter } = place
    return activated(place, graph.node('AddV2', kernel.node.id, [...inputs, parameter('')]))
  },
  takeToken: writeTakeToken,
  given: onlyInTraining,
  sample: onlyInTraining,
})

/** The least number of float32: WebGL's maximum begins with a finite one. */
const LEAST = -3.4028234663852886e38

/** The input with rows and columns repeated. */
const repeated = (
  { rows, columns }: { readonly rows: readonly number[]; readonly columns: readonly number[] },
  { graph, kernel, inputs: [x = ''] }: Place,
): Value => {
  const { id } = kernel.node
  const taken = (what: string, value: Value, places: readonly number[], axis: number, name: string): Value => {
    const indices = graph.integers(`${id}/${what}`, [places.length], places)
    const along = graph.integers(`${id}/${what}Axis`, [], [axis])
    return graph.node('GatherV2', name, [value, indices, along], { Tindices: INTEGER, Taxis: INTEGER })
  }
  return taken('columns', taken('rows', x, rows, 1, `${id}/high`), columns, 2, kernel.result)
}

/** The input with more pixels at chosen sides. */
const paddedImage = (
  { graph, kernel: { node }, inputs }: Place,
  { top, bottom, left, right }: Sides,
  value: number,
  name = `${node.id}/padded`,
): readonly Value[] => {
  const sides = graph.integers(`${node.id}/paddings`, [4, 2], [0, 0, top, bottom, left, right, 0, 0])
  const number = graph.constant(`${node.id}/value`, [], Float32Array.of(value))
  return [graph.node('PadV2', name, [...inputs, sides, number], { Tpaddings: INTEGER })]
}

/** A convolution, dense, depth-wise or of several groups. */
const convolution = (layer: Conv2dLayer, place: Place): Value => {
  const [shape] = place.kernel.node.inputShapes
  const groups = groupsOf(layer)
  const own = { ...place, layer, filter: spread(layer, place) }
  if (groups === 1) return convolved(own, 'Conv2D', own.filter)
  const [down, across] = pairOf(layer.stride)
  // A depth-wise convolution has one stride for both axes.
  const isDepthwise = shape?.kind === 'image' && shape.channels === groups && down === across
  return isDepthwise ? depthwise(own) : sliced(own)
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

/**
 * Adds the nodes of a layer to the graph.
 *
 * @returns the name of the layer's output
 * @throws Error for a layer that a network in use does not have
 */
export const writeLayer = (place: Place): Value => write(place.kernel.node.layer, place)
