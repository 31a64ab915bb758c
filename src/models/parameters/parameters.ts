import { pairOf } from '../../dsl/kit/extent.js'
import type { Architecture, GraphNode } from '../architecture/architecture.js'
import type { NodeShape } from '../architecture/shapes.js'
import type { Affine2dLayer, BatchNorm2dLayer, GroupNormLayer, Layer, LayerNormLayer } from '../layers/layer.js'
import { groupsOf, isConvolution } from '../layers/layers.js'
import { lengthOf, type Placed, placedByNode } from './flatVector.js'
import { channelAxes, ONE, sizeOf, type TorchAxes, vectorAxes } from './torchOrder.js'

/**
 * One parameter tensor of a network and its place in the flat vector that training works on.
 *
 * There are two layouts. Checkpoints have PyTorch's: convolution O×I×H×W (I of one group), transposed convolution I×O×H×W
 * (O of one group), linear out×in, with the inputs of a flattened image in C×H×W order. Memory has the engine's: H×W×I×O, in×out, inputs in H×W×C order.
 */
export interface Parameter extends Placed {
  /** As in the PyTorch state dict: `conv1.weight`. */
  readonly name: string
  /** Id of the node it belongs to. */
  readonly node: string
  /**
   * What it does. Only a `weight`, of a convolution or a linear layer, can be pruned. `scale` and `shift` are the γ and
   * β of a normalisation and `slope` that of a `prelu`, although their names end in `.weight` and `.bias`, as every
   * layer's do. Learned tokens and position embeddings are shifts, too, and learned factors are scales.
   */
  readonly role: 'weight' | 'bias' | 'scale' | 'shift' | 'slope'
  /** Shape in the engine's layout. */
  readonly shape: readonly number[]
  /** Shape in PyTorch's layout. */
  readonly torchShape: readonly number[]
  /** Groups of a convolution: the outputs of one group see the inputs of that group, which `shape` counts. Else 1. */
  readonly groups: number
  /** The axes of the engine's layout, with their steps in PyTorch's; see `walk`. */
  readonly torchAxes: TorchAxes
}

const ownParameters = (node: GraphNode): readonly Omit<Parameter, 'offset'>[] => {
  const { layer } = node
  const [input] = node.inputShapes
  if (isConvolution(layer) && input?.kind === 'image') {
    const { out } = layer
    const [height, width] = pairOf(layer.kernel)
    const groups = groupsOf(layer)
    const channels = input.channels / groups
    return [
      {
        name: `${layer.name}.weight`,
        node: node.id,
        role: 'weight',
        shape: [height, width, channels, out],
        torchShape:
          layer.type === 'conv2d' ? [out, channels, height, width] : [input.channels, out / groups, height, width],
        size: height * width * channels * out,
        groups,
        torchAxes:
          layer.type === 'conv2d'
            ? convolutionAxes(height * width, channels, out)
            : transposedAxes(height * width, channels, groups, out / groups),
      },
      ...(layer.bias === 'learned' ? [perChannel(`${layer.name}.bias`, node.id, 'bias', out)] : []),
    ]
  }
  if (layer.type === 'linear' && input?.kind === 'vector') {
    const { out } = layer
    return [
      {
        name: `${layer.name}.weight`,
        node: node.id,
        role: 'weight',
        shape: [input.features, out],
        torchShape: [out, input.features],
        size: input.features * out,
        groups: 1,
        torchAxes: linearAxes(input, out),
      },
      perChannel(`${layer.name}.bias`, node.id, 'bias', out),
    ]
  }
  if (layer.type === 'classToken' && input?.kind === 'image')
    return [{ ...perChannel(layer.name, node.id, 'shift', input.channels), torchShape: [1, 1, input.channels] }]
  if (layer.type === 'positionEmbedding' && input?.kind === 'image') {
    const { height, width, channels } = input
    return [
      {
        ...perChannel(layer.name, node.id, 'shift', height * width * channels),
        shape: [height, width, channels],
        torchShape: [1, height * width, channels],
      },
    ]
  }
  if (layer.type === 'fourierPositions' && input?.kind === 'image') {
    const { channels } = input
    return [
      {
        ...perChannel(`${layer.name}.weight`, node.id, 'shift', layer.features * channels),
        shape: [layer.features, channels],
        torchShape: [channels, layer.features, 1, 1],
        torchAxes: convolutionAxes(1, layer.features, channels),
      },
      perChannel(`${layer.name}.bias`, node.id, 'shift', channels),
    ]
  }
  if (layer.type === 'crossCovariance')
    return [
      {
        ...perChannel(layer.name, node.id, 'scale', layer.heads),
        shape: [layer.heads, 1, 1],
        torchShape: [layer.heads, 1, 1],
      },
    ]
  if (input && scalesChannels(layer)) {
    const torchAxes = channelAxes(input)
    return [
      { ...perChannel(`${layer.name}.weight`, node.id, 'scale', sizeOf(torchAxes)), torchAxes },
      { ...perChannel(`${layer.name}.bias`, node.id, 'shift', sizeOf(torchAxes)), torchAxes },
    ]
  }
  if (input && layer.type === 'layerScale') {
    const torchAxes = channelAxes(input)
    const factors = { ...perChannel(layer.name, node.id, 'scale', sizeOf(torchAxes)), torchAxes }
    return [layer.tensor === 'image' ? { ...factors, torchShape: [factors.size, 1, 1] } : factors]
  }
  if (input && layer.type === 'prelu') {
    const torchAxes = layer.slopes === 'each' ? channelAxes(input) : vectorAxes(1)
    return [{ ...perChannel(`${layer.name}.weight`, node.id, 'slope', sizeOf(torchAxes)), torchAxes }]
  }
  return []
}

/** Whether a layer has a scale and a shift for each channel of an image, or for each feature of a vector. */
const scalesChannels = (layer: Layer): layer is BatchNorm2dLayer | LayerNormLayer | GroupNormLayer | Affine2dLayer =>
  layer.type === 'batchNorm2d' || layer.type === 'layerNorm' || layer.type === 'groupNorm' || layer.type === 'affine2d'

const perChannel = (name: string, node: string, role: Parameter['role'], size: number): Omit<Parameter, 'offset'> => ({
  name,
  node,
  role,
  shape: [size],
  torchShape: [size],
  size,
  groups: 1,
  torchAxes: vectorAxes(size),
})

/** The axes of H×W×I×O in O×I×H×W. */
const convolutionAxes = (taps: number, channels: number, out: number): TorchAxes => [
  { count: taps, step: 1 },
  { count: channels, step: taps },
  ONE,
  { count: out, step: channels * taps },
]

/** The axes of H×W×I×(G·O), O outputs of each of G groups, in (G·I)×O×H×W. */
const transposedAxes = (taps: number, channels: number, groups: number, out: number): TorchAxes => [
  { count: taps, step: 1 },
  { count: channels, step: out * taps },
  { count: groups, step: channels * out * taps },
  { count: out, step: taps },
]

/** The axes of in×out in out×in, with inputs in H×W×C order in C×H×W order. */
const linearAxes = (input: Extract<NodeShape, { kind: 'vector' }>, out: number): TorchAxes => {
  const { height, width, channels } = input.flattenedFrom ?? { height: 1, width: 1, channels: input.features }
  return [
    { count: height * width, step: 1 },
    { count: channels, step: height * width },
    ONE,
    { count: out, step: input.features },
  ]
}

/** The parameters of a network in the order of its layers, weights before biases: the order of `model.parameters()`. */
export const parametersOf: (architecture: Architecture) => readonly Parameter[] = placedByNode(ownParameters)

/**
 * Names of the layers with weights (convolutions and linear layers), first to last. The options `rate` and `exclude` of
 * a mask stage refer to these.
 */
export const weightLayers = (architecture: Architecture): readonly string[] =>
  parametersOf(architecture).flatMap(({ role, node }) => (role === 'weight' ? [node] : []))

/** Length of the flat vector of parameters. */
export const parameterCount = (architecture: Architecture): number => lengthOf(parametersOf(architecture))
