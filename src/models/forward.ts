import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { NetworkOutputs } from '../dsl/step.js'
import { conv2d } from '../engine/ops/conv2d.js'
import { linear } from '../engine/ops/linear.js'
import { tf } from '../engine/tf.js'
import { type Architecture, INPUT } from './architecture.js'
import { executionOf, type Kernel } from './execution.js'
import type { Layer } from './layers.js'
import { parametersOf } from './parameters.js'

/** A network's parameters by name, in the engine's layout. */
export type ParameterTensors = ReadonlyMap<string, Tensor>

/** Cuts the flat vector into the network's parameters: one operation, whose gradient is one concatenation. */
export const unflatten = (architecture: Architecture, weights: Tensor1D): ParameterTensors => {
  const parameters = parametersOf(architecture)
  const pieces = tf.split(
    weights,
    parameters.map(({ size }) => size),
  )
  return new Map(
    parameters.map(({ name, shape }, i): [string, Tensor] => [name, tf.reshape(pieces[i] as Tensor, [...shape])]),
  )
}

/**
 * Runs a network.
 *
 * @param images n × height × width × channels, in [0, 1]; a network's own normalisation is part of the network
 * @returns logits n × classes, and the hidden activations after each ReLU, in order
 */
export const forward = (architecture: Architecture, parameters: ParameterTensors, images: Tensor4D): NetworkOutputs => {
  const values = new Map<string, Tensor>([[INPUT, images]])
  const hidden: Tensor[] = []
  let last: Tensor = images
  for (const kernel of executionOf(architecture)) {
    const inputs = kernel.node.inputs.map((id) => present(values, id))
    last = run(kernel, inputs, parameters)
    values.set(kernel.result, last)
    if (kernel.hidden) hidden.push(last)
  }
  return { logits: last as Tensor2D, hidden }
}

const present = <T>(values: ReadonlyMap<string, T>, id: string): T => {
  const value = values.get(id)
  if (value === undefined) throw new Error(`no value for "${id}"`)
  return value
}

type Runner<L extends Layer> = (
  layer: L,
  kernel: Kernel,
  inputs: readonly Tensor[],
  parameters: ParameterTensors,
) => Tensor
type Runners = { readonly [K in Layer['type']]: Runner<Extract<Layer, { readonly type: K }>> }

const runners: Runners = {
  conv2d: (layer, { activation }, [x], parameters) =>
    conv2d(
      x as Tensor4D,
      present(parameters, `${layer.name}.weight`) as Tensor4D,
      present(parameters, `${layer.name}.bias`) as Tensor1D,
      layer.stride,
      layer.padding,
      activation,
    ),
  linear: (layer, { activation }, [x], parameters) =>
    linear(
      x as Tensor2D,
      present(parameters, `${layer.name}.weight`) as Tensor2D,
      present(parameters, `${layer.name}.bias`) as Tensor1D,
      activation,
    ),
  relu: (_layer, _kernel, [x]) => tf.relu(x as Tensor),
  maxPool2d: (layer, _kernel, [x]) => tf.maxPool(x as Tensor4D, layer.kernel, layer.stride, 'valid'),
  avgPool2d: (layer, _kernel, [x]) => tf.avgPool(x as Tensor4D, layer.kernel, layer.stride, 'valid'),
  flatten: (_layer, { node }, [x]) =>
    tf.reshape(x as Tensor, [-1, node.shape.kind === 'vector' ? node.shape.features : -1]),
  add: (_layer, _kernel, inputs) => inputs.reduce((sum, term) => tf.add(sum, term)),
}

const run = (kernel: Kernel, inputs: readonly Tensor[], parameters: ParameterTensors): Tensor => {
  const { layer } = kernel.node
  // Each layer type is looked up under its own key, which TypeScript can't follow through a union.
  return (runners[layer.type] as Runner<Layer>)(layer, kernel, inputs, parameters)
}
