import type { Either } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { type Architecture, type GraphNode, INPUT } from '../../../models/architecture/architecture.js'
import type { NodeShape } from '../../../models/architecture/shapes.js'
import { fourierFeatures } from '../../../models/architecture/tokenSizes.js'
import { unpackStatistics, unpackWeights } from '../../../models/parameters/weights.js'
import { refuse, refusing } from '../../files/refusal.js'
import { littleEndian } from '../tensors/dtype.js'
import { mixedOrder } from './graph/featureOrder.js'
import {
  dataTypes,
  encodeModel,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type Written,
} from './graph/messages.js'
import { factorName, placesName } from './graph/writtenNames.js'
import { constantsOf, nodesOf } from './layerNodes.js'
import { roundingTensors } from './roundingNodes.js'
import { writtenName } from './tokenNodes.js'

/** An opset, and the version of the file format that was released with it. */
interface Release {
  readonly opset: number
  readonly irVersion: number
}

/** Of June 2022. */
const USUAL: Release = { opset: 17, irVersion: 8 }

/** Of May 2023: the first one that can repeat the pixels of the opposite side. */
const WITH_WRAP: Release = { opset: 19, irVersion: 9 }

const releaseOf = (nodes: readonly GraphNode[]): Release =>
  nodes.some(({ layer }) => layer.type === 'pad2d' && layer.mode === 'circular') ? WITH_WRAP : USUAL

/** The name of the producer. The reader takes it as a sign that nodes have the names of layers. */
export const PRODUCER = 'pwoa'

/** The name of the network's output, as in most exporters. */
const OUTPUT = 'logits'

/** The name of the axis whose size each run may choose. */
const BATCH = 'batch'

/**
 * A network as the bytes of an ONNX file, opset 17: input `input`, float32, batch × channels × height × width in
 * [0, 1]; output `logits`, batch × classes; weights under their PyTorch names and in PyTorch's layout. Batch
 * normalisation is kept with its running statistics, so training can continue wherever the network is loaded.
 *
 * @param weights flat, in the engine's layout; see `parametersOf`
 * @param statistics flat; see `statisticsOf`
 * @param file the name of the file to be written, for errors
 * @returns the bytes, or a FileError for a network that adds a flattened image to other features, or ends in one
 * Source: the ONNX specification, onnx.proto and Operators.md, github.com/onnx/onnx.
 */
export const encodeOnnx = (
  architecture: Architecture,
  weights: Float32Array,
  statistics: Float32Array,
  file = 'onnx',
  stage = 'exportModel',
): Either<PwoaError, Uint8Array> =>
  refusing({ stage, file }, () => {
    const mixed = mixedOrder(architecture)
    if (mixed) refuse('a network that ONNX can hold', mixed)
    const initializer = initializersOf(architecture, weights, statistics)
    return encodeModel(modelOf(architecture, nodesOf, initializer))
  })

/**
 * A network as an ONNX model, from the nodes of each of its layers.
 *
 * @param write the ONNX nodes of a layer; the last of them computes `output`
 */
export const modelOf = (
  { name, input, classes, nodes }: Architecture,
  write: (node: GraphNode, output: string, opset: number) => readonly Written<OnnxNode>[],
  initializer: readonly Written<OnnxTensor>[],
): Written<OnnxModel> => {
  const last = nodes.at(-1)
  const { opset, irVersion } = releaseOf(nodes)
  // A layer may have the name of the output as its id.
  const taken = new Set([INPUT, ...nodes.map(({ id }) => id)])
  const output = taken.has(OUTPUT) && last?.id !== OUTPUT ? (last?.id ?? OUTPUT) : OUTPUT
  return {
    irVersion,
    producerName: PRODUCER,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name,
      node: nodes.flatMap((node) => write(node, node === last ? output : node.id, opset)),
      input: [valueInfo(INPUT, [input.channels, input.height, input.width])],
      output: [valueInfo(output, [classes])],
      initializer,
    },
  }
}

const valueInfo = (name: string, sizes: readonly number[]) => ({
  name,
  type: {
    tensorType: {
      elemType: dataTypes.float,
      shape: { dim: [{ dimParam: BATCH }, ...sizes.map((dimValue) => ({ dimValue }))] },
    },
  },
})

const initializersOf = (
  architecture: Architecture,
  weights: Float32Array,
  statistics: Float32Array,
): readonly Written<OnnxTensor>[] => {
  const broadcast = broadcastTensors(architecture)
  const whole = new Map(
    architecture.nodes.flatMap(({ layer }) => ('name' in layer ? [[layer.name, writtenName(layer)]] : [])),
  )
  return [
    ...constantTensors(architecture),
    ...[...unpackWeights(architecture, weights), ...unpackStatistics(architecture, statistics)].map(
      ([name, { shape, data }]) =>
        broadcast.has(name)
          ? perChannel(whole.get(name) ?? name, data)
          : {
              name: whole.get(name) ?? name,
              dims: shape,
              dataType: dataTypes.float,
              rawData: littleEndian(data),
            },
    ),
  ]
}

/** The names of parameters that are broadcast over an image: one number for each channel. */
export const broadcastTensors = ({ nodes }: Architecture): ReadonlySet<string> =>
  new Set(
    nodes.flatMap(({ layer, shape }) =>
      layer.type === 'prelu' && layer.slopes === 'each' && shape.kind === 'image'
        ? [`${layer.name}.weight`]
        : layer.type === 'layerScale' && shape.kind === 'image'
          ? [layer.name]
          : layer.type === 'groupNorm' || (layer.type === 'affine2d' && shape.kind === 'image')
            ? [`${layer.name}.weight`, `${layer.name}.bias`]
            : [],
    ),
  )

/** Constants of layers that are not parameters, such as means and deviations. */
export const constantTensors = ({ nodes }: Architecture): readonly Written<OnnxTensor>[] => [
  ...nodes
    .flatMap((node) => Object.entries(constantsOf(node)))
    .map(([name, values]) => perChannel(name, Float32Array.from(values))),
  ...nodes.flatMap(({ id, layer }) =>
    layer.type === 'scale' ? [{ ...perChannel(factorName(id), Float32Array.of(layer.factor)), dims: [] }] : [],
  ),
  ...nodes.flatMap(({ id, layer }) => (layer.type === 'fakeQuantize' ? roundingTensors(id, layer) : [])),
  ...nodes.flatMap(({ id, layer, shape }) =>
    layer.type === 'fourierPositions' ? [placesTensor(placesName(id), layer.features, shape)] : [],
  ),
]

/** The features of each pixel's place as one image. */
const placesTensor = (name: string, features: number, shape: NodeShape): Written<OnnxTensor> => {
  const rows = fourierFeatures(features, shape)
  const values = Float32Array.from({ length: features * rows.length }, (_, i) => {
    return rows[i % rows.length]?.[Math.floor(i / rows.length)] ?? 0
  })
  const [height, width] = shape.kind === 'image' ? [shape.height, shape.width] : [1, 1]
  return { name, dims: [1, features, height, width], dataType: dataTypes.float, rawData: littleEndian(values) }
}

/** One number for each channel, of a shape that is broadcast over an image. */
export const perChannel = (name: string, values: Float32Array): Written<OnnxTensor> => ({
  name,
  dims: [values.length, 1, 1],
  dataType: dataTypes.float,
  rawData: littleEndian(values),
})
