import type { GraphBuilder, Padding } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { samePads } from '../../engine/ops/conv2d.js'
import type { Architecture } from '../architecture.js'
import type { Kernel } from '../execution.js'
import type { BatchNorm2dLayer, Conv2dLayer, Layer } from '../layers.js'

/** A network's parameters in a graph, by name. */
export type ParameterValues = ReadonlyMap<string, Value>

/** A layer in its place in a graph. */
export interface Place<L extends Layer> {
  readonly graph: GraphBuilder
  readonly layer: L
  readonly kernel: Kernel
  readonly parameters: ParameterValues
}

/** What the way back of a layer may look at. A value that nobody asks for is not kept. */
export interface WayBack {
  /** Gradient of the layer's output, its activation included. */
  readonly dy: Value
  readonly output: () => Value
  readonly input: () => Value
}

/** Gradients of a layer's inputs, in order, and of its parameters by name. */
export interface LayerGradients {
  readonly inputs: readonly Value[]
  readonly parameters?: Readonly<Record<string, Value>>
}

interface LayerRule<L extends Layer> {
  readonly forward: (place: Place<L>, inputs: readonly Value[]) => Value
  readonly backward: (place: Place<L>, way: WayBack) => LayerGradients
}

/** Batch normalisation in training looks at all images of a minibatch, which graphs cut into parts. */
type Compiled = Exclude<Layer, BatchNorm2dLayer>

type Rules = { readonly [K in Compiled['type']]: LayerRule<Extract<Compiled, { readonly type: K }>> }

const parameter = (parameters: ParameterValues, name: string): Value => {
  const value = parameters.get(name)
  if (value === undefined) throw new Error(`no parameter "${name}"`)
  return value
}

const activated = ({ graph, kernel }: Place<Layer>, z: Value): Value =>
  kernel.activation === 'relu' ? graph.relu(z) : z

const deactivated = ({ graph, kernel }: Place<Layer>, { dy, output }: WayBack): Value =>
  kernel.activation === 'relu' ? graph.reluGradient(dy, output()) : dy

/** The input of a convolution as TensorFlow takes it, the way back, and the stride that is left. */
interface Window {
  readonly seen: (x: Value) => Value
  readonly back: (x: Value, dSeen: Value) => Value
  readonly stride: number
  readonly padding: Padding
}

/**
 * Zeros on each side as PyTorch counts them, see `conv2d` of the engine. A 1 × 1 filter with a stride looks at some
 * pixels only: these are taken out first, as the gradient of its own kernel writes past its end.
 */
const windowOf = ({ graph, layer, kernel }: Place<Conv2dLayer>): Window => {
  const [shape] = kernel.node.inputShapes
  if (shape?.kind !== 'image') throw new Error(`"${layer.name}" has no image`)
  const { height, width } = shape
  const { kernel: side, stride, padding } = layer
  if (padding === 0 && side === 1 && stride > 1)
    return {
      seen: (x) => graph.subsample(x, stride),
      back: (x, dSeen) => graph.subsampleGradient(graph.shapeOf(x), dSeen, stride),
      stride: 1,
      padding: 'valid',
    }
  const same = padding > 0 && samePads(height, side, stride, padding) && samePads(width, side, stride, padding)
  if (padding === 0 || same) return { seen: (x) => x, back: (_, d) => d, stride, padding: same ? 'same' : 'valid' }
  return {
    seen: (x) => graph.pad(x, padding),
    back: (_, dSeen) => graph.crop(dSeen, padding, height, width),
    stride,
    padding: 'valid',
  }
}

/** Below it TensorFlow's kernel for the gradient of a convolution's input leaves most of a vector register empty. */
const FEW_CHANNELS = 8

/**
 * ∂/∂x of a convolution whose stride s divides its kernel k = m·s, as a convolution without stride: padded row
 * y = s·(i + a) + q gets dz_i · w_(s·a + q), so that each block of s × s pixels of the padded image is a sum over m × m
 * values of dz, with the filter's taps sorted by q and turned around.
 */
const blockwiseInputGradient = (place: Place<Conv2dLayer>, dz: Value): Value | undefined => {
  const { graph, layer, kernel, parameters } = place
  const [shape] = kernel.node.inputShapes
  const { shape: result } = kernel.node
  const { kernel: side, stride, padding, out } = layer
  if (shape?.kind !== 'image' || result.kind !== 'image') return undefined
  const { height, width, channels } = shape
  const taps = side / stride
  const reaches = (size: number, outputs: number): boolean => padding + size <= stride * (outputs + taps - 1)
  const suits = stride > 1 && Number.isInteger(taps) && channels < FEW_CHANNELS
  if (!suits || !reaches(height, result.height) || !reaches(width, result.width)) return undefined
  const sorted = graph.reshape(parameter(parameters, `${layer.name}.weight`), [
    taps,
    stride,
    taps,
    stride,
    channels,
    out,
  ])
  const turned = graph.transpose(graph.reverse(sorted, [0, 2]), [0, 2, 5, 1, 3, 4])
  const filter = graph.reshape(turned, [taps, taps, out, stride * stride * channels])
  const blocks = graph.conv2d(graph.pad(dz, taps - 1), filter, 1, 'valid')
  return graph.crop(graph.depthToSpace(blocks, stride), padding, height, width)
}

const rules: Rules = {
  conv2d: {
    forward: (place, [x = '']) => {
      const { graph, layer, parameters } = place
      const { seen, stride, padding } = windowOf(place)
      const product = graph.conv2d(seen(x), parameter(parameters, `${layer.name}.weight`), stride, padding)
      if (layer.bias === 'none') return activated(place, product)
      return activated(place, graph.biasAdd(product, parameter(parameters, `${layer.name}.bias`)))
    },
    backward: (place, way) => {
      const { graph, layer, kernel, parameters } = place
      const { seen, back, stride, padding } = windowOf(place)
      const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`]
      const [shape] = kernel.node.inputShapes
      const channels = shape?.kind === 'image' ? shape.channels : 0
      const dz = deactivated(place, way)
      const x = way.input()
      const window = seen(x)
      const dx = (): Value => {
        const filter = parameter(parameters, weight)
        return back(x, graph.conv2dInputGradient(graph.shapeOf(window), filter, dz, stride, padding))
      }
      const filterShape = [layer.kernel, layer.kernel, channels, layer.out]
      return {
        inputs: [blockwiseInputGradient(place, dz) ?? dx()],
        parameters: {
          [weight]: graph.conv2dFilterGradient(window, filterShape, dz, stride, padding),
          ...(layer.bias === 'none' ? {} : { [bias]: graph.biasGradient(dz) }),
        },
      }
    },
  },
  affine2d: {
    forward: (place, [x = '']) => {
      const { graph, layer, parameters } = place
      const scaled = graph.multiply(x, parameter(parameters, `${layer.name}.weight`))
      return activated(place, graph.add(scaled, parameter(parameters, `${layer.name}.bias`)))
    },
    backward: (place, way) => {
      const { graph, layer, parameters } = place
      const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`]
      const dz = deactivated(place, way)
      return {
        inputs: [graph.multiply(dz, parameter(parameters, weight))],
        parameters: {
          [weight]: graph.biasGradient(graph.multiply(dz, way.input())),
          [bias]: graph.biasGradient(dz),
        },
      }
    },
  },
  linear: {
    forward: (place, [x = '']) => {
      const { graph, layer, parameters } = place
      const product = graph.product(x, parameter(parameters, `${layer.name}.weight`))
      return activated(place, graph.biasAdd(product, parameter(parameters, `${layer.name}.bias`)))
    },
    backward: (place, way) => {
      const { graph, layer, parameters } = place
      const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`]
      const dz = deactivated(place, way)
      return {
        inputs: [graph.product(dz, parameter(parameters, weight), 'second')],
        parameters: { [weight]: graph.product(way.input(), dz, 'first'), [bias]: graph.biasGradient(dz) },
      }
    },
  },
  relu: {
    forward: ({ graph }, [x = '']) => graph.relu(x),
    backward: ({ graph }, { dy, output }) => ({ inputs: [graph.reluGradient(dy, output())] }),
  },
  maxPool2d: {
    forward: ({ graph, layer }, [x = '']) => graph.maxPool(x, layer.kernel, layer.stride),
    backward: ({ graph, layer }, { dy, input, output }) => ({
      inputs: [graph.maxPoolGradient(input(), output(), dy, layer.kernel, layer.stride)],
    }),
  },
  avgPool2d: {
    forward: ({ graph, layer }, [x = '']) => graph.avgPool(x, layer.kernel, layer.stride),
    backward: ({ graph, layer }, { dy, input }) => ({
      inputs: [graph.avgPoolGradient(graph.shapeOf(input()), dy, layer.kernel, layer.stride)],
    }),
  },
  flatten: {
    forward: ({ graph, kernel: { node } }, [x = '']) =>
      graph.reshape(x, [-1, node.shape.kind === 'vector' ? node.shape.features : -1]),
    backward: ({ graph, kernel: { node } }, { dy }) => {
      const [shape] = node.inputShapes
      if (shape?.kind !== 'image') return { inputs: [dy] }
      return { inputs: [graph.reshape(dy, [-1, shape.height, shape.width, shape.channels])] }
    },
  },
  add: {
    forward: ({ graph }, inputs) => graph.sum(inputs),
    backward: ({ kernel }, { dy }) => ({ inputs: kernel.node.inputs.map(() => dy) }),
  },
}

/** Whether the network has layers of graphs only. */
export const hasRules = ({ nodes }: Architecture): boolean =>
  nodes.every(({ layer }) => Object.hasOwn(rules, layer.type))

/** How a layer runs in a graph, and how gradients come back through it. */
export const ruleOf = (layer: Layer): LayerRule<Layer> => {
  if (layer.type === 'batchNorm2d') throw new Error(`"${layer.name}" is not for graphs`)
  // Each layer type is looked up under its own key, which TypeScript can't follow through a union.
  return rules[layer.type] as LayerRule<Layer>
}
