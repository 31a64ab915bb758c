import type { Either } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../../dsl/errors.js'
import { type Architecture, type GraphNode, INPUT } from '../../../models/architecture/architecture.js'
import { executionOf } from '../../../models/architecture/execution.js'
import type { Layer } from '../../../models/layers/layer.js'
import { type NamedTensor, unpackWeights } from '../../../models/parameters/weights.js'
import { refuse, refusing } from '../../files/refusal.js'
import { littleEndian } from '../tensors/dtype.js'
import { broadcastTensors, constantTensors, modelOf, perChannel } from './encodeOnnx.js'
import { mixedOrder } from './featureOrder.js'
import {
  attributeTypes,
  dataTypes,
  encodeModel,
  type OnnxNode,
  type OnnxTensor,
  type Written,
} from './graph/messages.js'
import { nodesOf } from './layerNodes.js'
import { biasIntegers, leastScales, type Quantisation, type Range, signedRows, unsignedGrid } from './quantize.js'
import { writtenName } from './tokenNodes.js'

/**
 * A network as an ONNX file in 8-bit integers, in QDQ form. Each activation passes `QuantizeLinear` and
 * `DequantizeLinear` (uint8, one scale and zero point). Weights are int8 with a scale for each output and no zero point,
 * biases int32 in units of the sums that they are added to. A runtime computes the operators between the two in
 * integers. The input and the logits are float32, as in the float network.
 *
 * @param architecture a network in use, without batch normalisation; see `foldingOf`
 * @param weights flat, in the engine's layout
 * @param ranges the range of the images and of the output of each kernel of `executionOf`, by id
 * @returns the bytes, or a FileError for a network that adds a flattened image to other features, or ends in one
 * Source: the ONNX specification, QuantizeLinear and DequantizeLinear; Jacob et al., "Quantization and Training of Neural
 * Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018.
 */
export const encodeInt8 = (
  architecture: Architecture,
  weights: Float32Array,
  ranges: ReadonlyMap<string, Range>,
  file = 'onnx',
  stage = 'exportModel',
): Either<PwoaError, Uint8Array> =>
  refusing({ stage, file }, () => {
    const mixed = mixedOrder(architecture)
    if (mixed) refuse('a network that ONNX can hold', mixed)
    const grids = gridsOf(architecture, ranges)
    const tensors = unpackWeights(architecture, weights)
    const broadcast = broadcastTensors(architecture)
    const layers = architecture.nodes.map((node) => quantisedLayer(node, tensors, grids, broadcast))
    const prepared = new Map(architecture.nodes.map((node, i) => [node, layers[i]?.nodes ?? []]))
    const read = (id: string): string => (grids.has(id) ? `${id}/${DEQUANTIZED}` : id)
    const first = grids.get(INPUT) ? roundTrip(INPUT) : []
    const write = (node: GraphNode, output: string): readonly Written<OnnxNode>[] => [
      ...(node === architecture.nodes[0] ? first : []),
      ...(prepared.get(node) ?? []),
      ...nodesOf({ ...node, inputs: node.inputs.map(read) }, output),
      ...(grids.has(node.id) ? roundTrip(node.id) : []),
    ]
    return encodeModel(
      modelOf(architecture, write, [
        ...constantTensors(architecture),
        ...layers.flatMap((layer) => layer.tensors),
        ...[...grids].flatMap(([id, { scale, zeroPoint }]) => [
          tensor(`${id}/scale`, [], dataTypes.float, littleEndian(Float32Array.of(scale))),
          tensor(`${id}/zero_point`, [], dataTypes.uint8, Uint8Array.of(zeroPoint)),
        ]),
      ]),
    )
  })

const DEQUANTIZED = 'dequantized'
const QUANTIZED = 'quantized'

/** The grid of each value that is rounded: the output of each kernel but the last, and the images. */
const gridsOf = (architecture: Architecture, ranges: ReadonlyMap<string, Range>): ReadonlyMap<string, Quantisation> => {
  const kernels = executionOf(architecture)
  const grids = new Map<string, Quantisation>()
  // Images that are normalised first are rounded after that.
  const normalised = kernels.some(({ node }) => node.layer.type === 'normalize')
  for (const id of [...(normalised ? [] : [INPUT]), ...kernels.slice(0, -1).map(({ result }) => result)]) {
    const kernel = kernels.find(({ result }) => result === id)
    const [source = ''] = kernel?.node.inputs ?? []
    const grid = kernel && passes(kernel.node.layer) ? grids.get(source) : undefined
    grids.set(id, grid ?? unsignedGrid(ranges.get(id) ?? refuse(`a range of "${id}"`, 'no range')))
  }
  return grids
}

/** Whether a layer only selects or moves numbers, and so keeps their grid, which has a 0. */
const passes = (layer: Layer): boolean =>
  layer.type === 'maxPool2d' ||
  layer.type === 'flatten' ||
  layer.type === 'selectChannels' ||
  (layer.type === 'pad2d' && (layer.value ?? 0) === 0)

/** A value rounded to its grid. */
const roundTrip = (id: string): readonly Written<OnnxNode>[] => [
  {
    opType: 'QuantizeLinear',
    name: `${id}/${QUANTIZED}`,
    input: [id, `${id}/scale`, `${id}/zero_point`],
    output: [`${id}/${QUANTIZED}`],
  },
  {
    opType: 'DequantizeLinear',
    name: `${id}/${DEQUANTIZED}`,
    input: [`${id}/${QUANTIZED}`, `${id}/scale`, `${id}/zero_point`],
    output: [`${id}/${DEQUANTIZED}`],
  },
]

interface QuantisedLayer {
  readonly nodes: readonly Written<OnnxNode>[]
  readonly tensors: readonly Written<OnnxTensor>[]
}

/** The parameters of a layer in integers, and the nodes that convert them back under their own names. */
const quantisedLayer = (
  { layer, inputs: [source = ''] }: GraphNode,
  tensors: ReadonlyMap<string, NamedTensor>,
  grids: ReadonlyMap<string, Quantisation>,
  broadcast: ReadonlySet<string>,
): QuantisedLayer => {
  const part = (name: string) => ('name' in layer ? tensors.get(`${layer.name}.${name}`) : undefined)
  const whole = 'name' in layer ? tensors.get(layer.name) : undefined
  if (whole && 'name' in layer)
    return {
      nodes: [],
      tensors: [
        broadcast.has(layer.name)
          ? perChannel(writtenName(layer), whole.data)
          : tensor(writtenName(layer), whole.shape, dataTypes.float, littleEndian(whole.data)),
      ],
    }
  const [weight, bias] = [part('weight'), part('bias')]
  if (!weight || !('name' in layer)) return { nodes: [], tensors: [] }
  // Scales and shifts of channels stay floats.
  if (layer.type !== 'conv2d' && layer.type !== 'linear')
    return {
      nodes: [],
      tensors: [
        [`${layer.name}.weight`, weight] as const,
        ...(bias ? [[`${layer.name}.bias`, bias] as const] : []),
      ].map(([name, { shape, data }]) =>
        broadcast.has(name)
          ? perChannel(name, data)
          : { name, dims: shape, dataType: dataTypes.float, rawData: littleEndian(data) },
      ),
    }
  const outputs = weight.shape[0] ?? 1
  const input = grids.get(source)?.scale ?? 1
  const least = bias ? leastScales(bias.data, input) : new Float32Array(outputs)
  const { values, scales } = signedRows(weight.data, least)
  const sums = scales.map((scale) => Math.fround(scale * input))
  const integers = [dequantized(`${layer.name}.weight`, weight.shape, dataTypes.int8, bytesOf(values), scales)]
  if (bias)
    integers.push(
      dequantized(`${layer.name}.bias`, bias.shape, dataTypes.int32, bytesOf(biasIntegers(bias.data, sums)), sums),
    )
  return { nodes: integers.flatMap(({ nodes }) => nodes), tensors: integers.flatMap((each) => each.tensors) }
}

/** Integers of a type with a scale for each entry of the first axis and no zero points, and their conversion. */
const dequantized = (
  name: string,
  dims: readonly number[],
  dataType: number,
  rawData: Uint8Array,
  scales: Float32Array,
): QuantisedLayer => ({
  nodes: [
    {
      opType: 'DequantizeLinear',
      name,
      input: [`${name}/${QUANTIZED}`, `${name}/scale`],
      output: [name],
      attribute: [{ name: 'axis', i: 0, type: attributeTypes.int }],
    },
  ],
  tensors: [
    tensor(`${name}/${QUANTIZED}`, dims, dataType, rawData),
    tensor(`${name}/scale`, [scales.length], dataTypes.float, littleEndian(scales)),
  ],
})

const tensor = (name: string, dims: readonly number[], dataType: number, rawData: Uint8Array): Written<OnnxTensor> => ({
  name,
  dims,
  dataType,
  rawData,
})

/** Integers as little-endian bytes. */
const bytesOf = (values: Int8Array | Int32Array): Uint8Array => {
  const size = values.BYTES_PER_ELEMENT
  const view = new DataView(new ArrayBuffer(values.byteLength))
  for (const [i, value] of values.entries())
    if (size === 1) view.setInt8(i, value)
    else view.setInt32(size * i, value, true)
  return new Uint8Array(view.buffer)
}
