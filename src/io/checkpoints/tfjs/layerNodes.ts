import { dispatch } from '../../../dsl/kit/dispatch.js'
import { pairOf } from '../../../dsl/kit/extent.js'
import type { Layer } from '../../../models/layers/layer.js'
import type { PoolWindows, Sides } from '../../../models/layers/windowLayers.js'
import { padSources } from '../../../models/windows/padSources.js'
import { poolWindowOf } from '../../../models/windows/poolWindow.js'
import { activated, fused, NHWC } from './fused.js'
import { INTEGER, text, type Value, whole, wholes } from './graphModel.js'
import type { Place } from './place.js'
import { writeActivation } from './writeActivation.js'
import { writeBlockNorm } from './writeBlockNorm.js'
import { rankOf, writeProduct, writeSelection } from './writeChannels.js'
import { writeConvolution, writeTransposed } from './writeConvolution.js'
import {
  writeCrossCovariance,
  writeFourierPositions,
  writePoolChannels,
  writeSoftmax,
  writeStandardize,
  writeUnitNorm,
} from './writeMixed.js'
import { writeCrop, writeFlatten, writeResize, writeUnflatten } from './writeReshaping.js'
import { writeRounding } from './writeRounding.js'
import { writeAttention, writeClassToken, writeTakeToken } from './writeTokens.js'

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
  conv2d: writeConvolution,
  convTranspose2d: writeTransposed,
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
  layerScale: (_, place) =>
    activated(place, place.graph.node('Mul', place.kernel.node.id, [...place.inputs, place.parameter('')])),
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
  crop2d: writeCrop,
  resize2d: writeResize,
  flatten: writeFlatten,
  unflatten: writeUnflatten,
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
  fakeQuantize: writeRounding,
  attention: writeAttention,
  classToken: (layer, place) => activated(place, writeClassToken(layer, place)),
  positionEmbedding: (_, place) => {
    const { graph, kernel, inputs, parameter } = place
    return activated(place, graph.node('AddV2', kernel.node.id, [...inputs, parameter('')]))
  },
  takeToken: writeTakeToken,
  unitNorm: writeUnitNorm,
  crossCovariance: (layer, place) => activated(place, writeCrossCovariance(layer, place)),
  fourierPositions: (layer, place) => activated(place, writeFourierPositions(layer, place)),
  softmax: writeSoftmax,
  poolChannels: writePoolChannels,
  standardize: writeStandardize,
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

/**
 * Adds the nodes of a layer to the graph.
 *
 * @returns the name of the layer's output
 * @throws Error for a layer that a network in use does not have
 */
export const writeLayer = (place: Place): Value => write(place.kernel.node.layer, place)
