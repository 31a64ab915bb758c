import type { Either } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../../dsl/errors.js'
import type { Architecture, GraphNode } from '../../../models/architecture/architecture.js'
import { type NamedTensor, unpackWeights } from '../../../models/parameters/weights.js'
import { refuse, refusing } from '../../files/refusal.js'
import { littleEndian } from '../tensors/dtype.js'
import { broadcastTensors, constantTensors, modelOf, perChannel } from './encodeOnnx.js'
import { mixedOrder } from './graph/featureOrder.js'
import {
  attributeTypes,
  dataTypes,
  encodeModel,
  type OnnxNode,
  type OnnxTensor,
  type Written,
} from './graph/messages.js'
import { nodesOf } from './layerNodes.js'
import { biasIntegers, leastScales, ownScales, type Range, recoveredScales, signedRows } from './quantize.js'
import { writtenName } from './tokenNodes.js'
import { inputScale, withRounding } from './withRounding.js'

/**
 * A network as an ONNX file in 8-bit integers, in QDQ form. Each activation passes `QuantizeLinear` and
 * `DequantizeLinear` (uint8, one scale and zero point). Weights are int8 with a scale for each output and no zero point,
 * biases int32 in units of the sums that they are added to. A runtime computes the operators between the two in
 * integers. The input and the logits are float32, as in the float network. A network that was read from such a file is
 * written with the same grids and integers again.
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
    const rounded = withRounding(architecture, ranges)
    const tensors = unpackWeights(rounded, weights)
    const broadcast = broadcastTensors(rounded)
    const kept = rounded === architecture
    const layers = new Map(
      rounded.nodes.map((node) => [
        node,
        quantisedLayer(node, tensors, broadcast, { input: inputScale(rounded, node) ?? 1, kept }),
      ]),
    )
    const write = (node: GraphNode, output: string, opset: number): readonly Written<OnnxNode>[] => [
      ...(layers.get(node)?.nodes ?? []),
      ...nodesOf(node, output, opset),
    ]
    return encodeModel(
      modelOf(rounded, write, [...constantTensors(rounded), ...[...layers.values()].flatMap((layer) => layer.tensors)]),
    )
  })

const QUANTIZED = 'quantized'

interface QuantisedLayer {
  readonly nodes: readonly Written<OnnxNode>[]
  readonly tensors: readonly Written<OnnxTensor>[]
}

/** What decides about the integers of a layer. */
interface Rounding {
  /** The scale of its inputs. */
  readonly input: number
  /** Whether the network was read in integers, so that its weights may have a grid. */
  readonly kept: boolean
}

/** The parameters of a layer in integers, and the nodes that convert them back under their own names. */
const quantisedLayer = (
  { layer }: GraphNode,
  tensors: ReadonlyMap<string, NamedTensor>,
  broadcast: ReadonlySet<string>,
  { input, kept }: Rounding,
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
  const least = bias ? leastScales(bias.data, input) : new Float32Array(outputs)
  const { values, scales } = signedRows(
    weight.data,
    kept ? recoveredScales(weight.data, least) : ownScales(weight.data, least),
  )
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
