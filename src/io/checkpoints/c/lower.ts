import type { ImageShape } from '../../../dsl/dataset.js'
import { dispatch } from '../../../dsl/kit/dispatch.js'
import { pairOf } from '../../../dsl/kit/extent.js'
import type { Architecture } from '../../../models/architecture/architecture.js'
import { executionOf, type Kernel } from '../../../models/architecture/execution.js'
import type { NodeShape } from '../../../models/architecture/shapes.js'
import type { Layer } from '../../../models/layers/layer.js'
import { groupsOf } from '../../../models/layers/layers.js'
import type { AvgPool2dLayer, Conv2dLayer, MaxPool2dLayer } from '../../../models/layers/windowLayers.js'
import { parametersOf } from '../../../models/parameters/parameters.js'
import { tapsOf } from '../../../models/windows/taps.js'
import { refuse } from '../../files/refusal.js'
import type { PoolStep, Program, Step } from './program.js'

/** Where a layer stands, and its parameters. */
interface Place {
  readonly kernel: Kernel
  /** What all steps have. */
  readonly at: Pick<Step, 'name' | 'inputs' | 'result' | 'from' | 'to'>
  /** `weight`, `bias`; the empty name is that of a layer that is one tensor. */
  readonly parameter: (part: string) => Float32Array | undefined
}

const isNamed = (layer: Layer): layer is Extract<Layer, { readonly name: string }> => 'name' in layer

const noCode = (layer: Layer, { kernel }: Place): never =>
  refuse(
    'layers that have C code (conv2d, linear, affine2d, layerScale, normalize, activations, pooling, pad2d, flatten, add, scale)',
    `a ${layer.type} layer, "${kernel.node.id}"`,
    'exportModel writes this network as .onnx, .int8.onnx or model.json.',
  )

/** The steps of each layer; none for one that leaves the numbers as they are. */
const lower = dispatch<Layer, readonly [Place], readonly Step[]>({
  normalize: ({ mean, std }, { at }) => {
    const scales = std.map((deviation) => 1 / deviation)
    const shifts = mean.map((value, c) => -value * (scales[c] ?? 1))
    return [perChannel(at, 'linear', Float32Array.from(scales), Float32Array.from(shifts))]
  },
  conv2d: (layer, { kernel, at, parameter }) => {
    const groups = groupsOf(layer)
    return [
      {
        type: 'sums',
        ...at,
        kernel: tapsOf(layer).sides,
        stride: pairOf(layer.stride),
        padding: pairOf(layer.padding),
        groups,
        weights: filtersOf(layer, at.from.channels / groups, parameter('weight') ?? new Float32Array()),
        bias: parameter('bias') ?? new Float32Array(layer.out),
        activation: kernel.activation,
      },
    ]
  },
  batchNorm2d: noCode,
  affine2d: (_, { kernel, at, parameter }) => [
    perChannel(
      at,
      kernel.activation,
      parameter('weight') ?? new Float32Array(),
      parameter('bias') ?? new Float32Array(),
    ),
  ],
  layerScale: (_, { kernel, at, parameter }) => {
    const factors = parameter('') ?? new Float32Array()
    return [perChannel(at, kernel.activation, factors, new Float32Array(factors.length))]
  },
  linear: ({ out }, { kernel, at, parameter }) => [
    {
      type: 'sums',
      ...at,
      ...PIXEL,
      groups: 1,
      weights: transposed(parameter('weight') ?? new Float32Array(), out),
      bias: parameter('bias') ?? new Float32Array(out),
      activation: kernel.activation,
    },
  ],
  relu: (_, { at }) => [{ type: 'map', ...at, function: { type: 'relu' } }],
  activation: (layer, { at }) => [{ type: 'map', ...at, function: layer.function }],
  maxPool2d: (layer, { at }) => [{ ...pooled(layer, at), of: 'largest' }],
  avgPool2d: (layer, { at }) => [{ ...pooled(layer, at), of: 'mean' }],
  pad2d: (layer, place) => {
    if (layer.mode !== undefined) return noCode(layer, place)
    return [{ type: 'pad', ...place.at, top: layer.top, left: layer.left, value: layer.value ?? 0 }]
  },
  flatten: (layer, place) => (layer.order === 'channels' ? noCode(layer, place) : []),
  unflatten: (layer, place) => (layer.order === 'channels' ? noCode(layer, place) : []),
  crop2d: noCode,
  resize2d: noCode,
  poolChannels: noCode,
  add: (_, { at }) => [{ type: 'add', ...at }],
  scale: ({ factor }, { at }) => [{ type: 'map', ...at, function: { type: 'scale', factor } }],
  layerNorm: noCode,
  groupNorm: noCode,
  prelu: noCode,
  convTranspose2d: noCode,
  attention: noCode,
  fakeQuantize: noCode,
  classToken: noCode,
  positionEmbedding: noCode,
  takeToken: noCode,
  unitNorm: noCode,
  crossCovariance: noCode,
  fourierPositions: noCode,
  softmax: noCode,
  standardize: noCode,
  concat: noCode,
  selectChannels: noCode,
  multiply: noCode,
  given: noCode,
  sample: noCode,
})

/** A window of one pixel. */
const PIXEL = { kernel: [1, 1], stride: [1, 1], padding: [0, 0] } as const

/** A scale and a shift of each channel: a convolution of one pixel, with a group for each channel. */
const perChannel = (
  at: Place['at'],
  activation: Kernel['activation'],
  weights: Float32Array,
  bias: Float32Array,
): Step => ({ type: 'sums', ...at, ...PIXEL, groups: at.from.channels, weights, bias, activation })

const pooled = (layer: MaxPool2dLayer | AvgPool2dLayer, at: Place['at']): Omit<PoolStep, 'of'> => {
  const padding = pairOf(layer.padding ?? 0)
  const counts = layer.type === 'avgPool2d' && (layer.countIncludePad ?? true)
  return {
    type: 'pool',
    ...at,
    kernel: pairOf(layer.kernel),
    stride: pairOf(layer.stride),
    padding,
    margin: counts ? padding : [0, 0],
  }
}

/** The filters of a convolution as rows, with zeros between taps that are apart. */
const filtersOf = (layer: Conv2dLayer, channels: number, weights: Float32Array): Float32Array => {
  const { matrix } = tapsOf(layer)
  const rows = transposed(weights, layer.out)
  if (!matrix) return rows
  const [all, own] = [matrix.length, matrix[0]?.length ?? 0]
  const spread = new Float32Array(layer.out * all * channels)
  for (let o = 0; o < layer.out; o++)
    for (const [tap, places] of matrix.entries()) {
      const source = places.indexOf(1)
      if (source === -1) continue
      const first = (o * own + source) * channels
      spread.set(rows.subarray(first, first + channels), (o * all + tap) * channels)
    }
  return spread
}

/** Inputs × outputs as outputs × inputs. */
const transposed = (values: Float32Array, outputs: number): Float32Array => {
  const inputs = values.length / outputs
  return Float32Array.from(values, (_, i) => values[(i % inputs) * outputs + Math.floor(i / inputs)] ?? 0)
}

/**
 * A network in use as steps.
 *
 * @param architecture without batch normalisation; see `folded`
 * @param weights flat, in the engine's layout
 * @throws Refusal for a layer without C code, or weights that are not finite
 */
export const lowered = (architecture: Architecture, weights: Float32Array): Program => {
  const parameters = new Map(
    parametersOf(architecture).map(({ name, offset, size }) => [name, weights.subarray(offset, offset + size)]),
  )
  for (const [name, values] of parameters) {
    const wrong = values.find((value) => !Number.isFinite(value))
    if (wrong !== undefined) refuse(`finite numbers in "${name}"`, String(wrong))
  }
  const same = new Map<string, string>()
  const steps = executionOf(architecture).flatMap((kernel): readonly Step[] => {
    const { node, result } = kernel
    const { layer } = node
    const inputs = node.inputs.map((id) => same.get(id) ?? id)
    const name = isNamed(layer) ? layer.name : `${node.id} (${layer.type})`
    const at = { name, inputs, result, from: imageOf(node.inputShapes[0]), to: imageOf(node.shape) }
    const own = lower(layer, {
      kernel,
      at,
      parameter: (part) =>
        isNamed(layer) ? parameters.get(part === '' ? layer.name : `${layer.name}.${part}`) : undefined,
    })
    if (own.length === 0) same.set(result, inputs[0] ?? '')
    return own
  })
  if (steps.length === 0) refuse('a network with layers that compute', 'none')
  return { name: architecture.name, input: architecture.input, classes: architecture.classes, steps }
}

const imageOf = (shape: NodeShape | undefined): ImageShape =>
  shape?.kind === 'image'
    ? { height: shape.height, width: shape.width, channels: shape.channels }
    : { height: 1, width: 1, channels: shape?.features ?? 0 }
