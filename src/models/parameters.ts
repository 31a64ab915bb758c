import type { Architecture, GraphNode } from './architecture.js'
import { groupsOf } from './layers.js'
import type { NodeShape } from './shapes.js'
import { type TorchAxes, vectorAxes } from './torchOrder.js'

/**
 * One parameter tensor of a network and its place in the flat vector that training works on.
 *
 * Two layouts: PyTorch's (convolution O×I×H×W, with the I of one group, linear out×in, behind a flatten with inputs in C×H×W order) in
 * checkpoints, and the engine's (H×W×I×O, in×out, inputs in H×W×C order) in memory.
 */
export interface Parameter {
  /** As in the PyTorch state dict: `conv1.weight`. */
  readonly name: string
  /** Id of the node it belongs to. */
  readonly node: string
  /**
   * What it does: only a `weight`, of a convolution or a linear layer, can be pruned. `scale` and `shift` are the γ and
   * β of a batch normalisation, whose names end in `.weight` and `.bias` like any other layer's.
   */
  readonly role: 'weight' | 'bias' | 'scale' | 'shift'
  /** Shape in the engine's layout. */
  readonly shape: readonly number[]
  /** Shape in PyTorch's layout. */
  readonly torchShape: readonly number[]
  readonly size: number
  /** First element in the flat vector. */
  readonly offset: number
  /** Parts of a grouped convolution: outputs of one part see one part of the inputs, which `shape` counts. Else 1. */
  readonly groups: number
  /** The engine's layout by axes, and where each lies in PyTorch's; see `walk`. */
  readonly torchAxes: TorchAxes
}

/** The parameters of a network in the order of its layers, weights before biases: the order of `model.parameters()`. */
export const parametersOf = (architecture: Architecture): readonly Parameter[] => {
  const known = cache.get(architecture)
  if (known) return known
  let offset = 0
  const all = architecture.nodes.flatMap(describe).map((parameter): Parameter => {
    const placed = { ...parameter, offset }
    offset += parameter.size
    return placed
  })
  cache.set(architecture, all)
  return all
}

/** Names of the layers with weights (convolutions and linear layers), first to last: what `rate` and `exclude` of a mask stage go by. */
export const weightLayers = (architecture: Architecture): readonly string[] =>
  parametersOf(architecture).flatMap(({ role, node }) => (role === 'weight' ? [node] : []))

const cache = new WeakMap<Architecture, readonly Parameter[]>()

/** Length of the flat vector. */
export const parameterCount = (architecture: Architecture): number =>
  parametersOf(architecture).reduce((sum, { size }) => sum + size, 0)

const describe = (node: GraphNode): Omit<Parameter, 'offset'>[] => {
  const { layer } = node
  const [input] = node.inputShapes
  if (layer.type === 'conv2d' && input?.kind === 'image') {
    const { kernel, out } = layer
    const groups = groupsOf(layer)
    const channels = input.channels / groups
    return [
      {
        name: `${layer.name}.weight`,
        node: node.id,
        role: 'weight',
        shape: [kernel, kernel, channels, out],
        torchShape: [out, channels, kernel, kernel],
        size: kernel * kernel * channels * out,
        groups,
        torchAxes: convolutionAxes(kernel, channels, out),
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
  if ((layer.type === 'batchNorm2d' || layer.type === 'affine2d') && input?.kind === 'image') {
    return [
      perChannel(`${layer.name}.weight`, node.id, 'scale', input.channels),
      perChannel(`${layer.name}.bias`, node.id, 'shift', input.channels),
    ]
  }
  return []
}

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

/** H×W×I×O in O×I×H×W. */
const convolutionAxes = (kernel: number, channels: number, out: number): TorchAxes => [
  { count: kernel * kernel, step: 1 },
  { count: channels, step: kernel * kernel },
  { count: out, step: channels * kernel * kernel },
]

/** in×out in out×in, inputs in H×W×C order in C×H×W order. */
const linearAxes = (input: Extract<NodeShape, { kind: 'vector' }>, out: number): TorchAxes => {
  const { height, width, channels } = input.flattenedFrom ?? { height: 1, width: 1, channels: input.features }
  return [
    { count: height * width, step: 1 },
    { count: channels, step: height * width },
    { count: out, step: input.features },
  ]
}
