import type { Either } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { type Architecture, type GraphNode, INPUT } from '../../../models/architecture/architecture.js'
import { unpackStatistics, unpackWeights } from '../../../models/parameters/weights.js'
import { refuse, refusing } from '../../files/refusal.js'
import { littleEndian } from '../tensors/dtype.js'
import { mixedOrder } from './featureOrder.js'
import {
  dataTypes,
  encodeModel,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type Written,
} from './graph/messages.js'
import { constantsOf, nodesOf } from './layerNodes.js'

/** What the graphs are written in: opset 17 (June 2022), and the file format that came with it. */
const OPSET = 17
const IR_VERSION = 8

/** By which the reader knows that nodes are named as layers. */
export const PRODUCER = 'pwoa'

/** What the network's output is called, as most exporters call it. */
const OUTPUT = 'logits'

/** The axis that each run may choose. */
const BATCH = 'batch'

/**
 * A network as the bytes of an ONNX file, opset 17: input `input`, float32, batch × channels × height × width in
 * [0, 1]; output `logits`, batch × classes; weights under their PyTorch names and in PyTorch's layout. Batch
 * normalisation stays as it is, with its running statistics, so that the network can go on training where it is read.
 *
 * Errors: a `FileError` for a network that adds a flattened image to other features, or ends in one.
 *
 * @param weights flat, in the engine's layout; see `parametersOf`
 * @param statistics flat; see `statisticsOf`
 * @param file the name of the file to be written, for errors
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
 * A network as an ONNX model of the nodes that are given for each of its own.
 *
 * @param write the nodes of a layer, the last of which gives `output`
 */
export const modelOf = (
  { name, input, classes, nodes }: Architecture,
  write: (node: GraphNode, output: string) => readonly Written<OnnxNode>[],
  initializer: readonly Written<OnnxTensor>[],
): Written<OnnxModel> => {
  const last = nodes.at(-1)
  // The output's name may be some layer's id, too.
  const taken = new Set([INPUT, ...nodes.map(({ id }) => id)])
  const output = taken.has(OUTPUT) && last?.id !== OUTPUT ? (last?.id ?? OUTPUT) : OUTPUT
  return {
    irVersion: IR_VERSION,
    producerName: PRODUCER,
    opsetImport: [{ domain: '', version: OPSET }],
    graph: {
      name,
      node: nodes.flatMap((node) => write(node, node === last ? output : node.id)),
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
  const affine = new Set(
    architecture.nodes.flatMap(({ layer }) =>
      layer.type === 'affine2d' ? [`${layer.name}.weight`, `${layer.name}.bias`] : [],
    ),
  )
  return [
    ...constantTensors(architecture),
    ...[...unpackWeights(architecture, weights), ...unpackStatistics(architecture, statistics)].map(
      ([name, { shape, data }]) =>
        affine.has(name)
          ? perChannel(name, data)
          : { name, dims: shape, dataType: dataTypes.float, rawData: littleEndian(data) },
    ),
  ]
}

/** Constants of layers that are no parameters. */
export const constantTensors = ({ nodes }: Architecture): readonly Written<OnnxTensor>[] =>
  nodes
    .flatMap((node) => Object.entries(constantsOf(node)))
    .map(([name, values]) => perChannel(name, Float32Array.from(values)))

/** A number for each channel, to be broadcast along an image. */
export const perChannel = (name: string, values: Float32Array): Written<OnnxTensor> => ({
  name,
  dims: [values.length, 1, 1],
  dataType: dataTypes.float,
  rawData: littleEndian(values),
})
