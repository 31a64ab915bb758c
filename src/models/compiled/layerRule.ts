import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import type { Kernel } from '../execution.js'
import type { GivenValue, Layer } from '../layers.js'
import { present } from '../present.js'

/** A network's parameters as values of a graph, by name. */
export type ParameterValues = ReadonlyMap<string, Value>

/** What a layer's forward pass keeps for its backward pass besides its result, by names of its own. */
export interface Saved {
  readonly keep: (name: string, value: Value) => void
  readonly recall: (name: string) => Value
}

/** A layer in a graph. */
export interface Place<L extends Layer> {
  readonly graph: GraphBuilder
  readonly layer: L
  readonly kernel: Kernel
  readonly parameters: ParameterValues
  readonly saved: Saved
  /** A value that a loss provides besides the images. */
  readonly given: (value: GivenValue) => Value
}

/** What a layer's backward pass may use. Calling `output` or `input` makes the forward pass keep that value. */
export interface Incoming {
  /** Gradient of the layer's output, after its activation. */
  readonly dy: Value
  readonly output: () => Value
  readonly input: () => Value
}

/** Gradients of a layer's inputs, in order, without those of given values, and of its parameters, by name. */
export interface LayerGradients {
  readonly inputs: readonly Value[]
  readonly parameters?: Readonly<Record<string, Value>>
}

/** How a type of layer runs in a graph, forward and backward. */
export interface LayerRule<L extends Layer> {
  /** Returns the layer's output. */
  readonly forward: (place: Place<L>, inputs: readonly Value[]) => Value
  readonly backward: (place: Place<L>, incoming: Incoming) => LayerGradients
}

/** A parameter of the network by its name. */
export const parameter: (parameters: ParameterValues, name: string) => Value = present

/** Applies the ReLU that a layer is fused with, if any. */
export const activated = ({ graph, kernel }: Place<Layer>, z: Value): Value =>
  kernel.activation === 'relu' ? graph.relu(z) : z

/** The gradient before the ReLU that a layer is fused with, if any. */
export const deactivated = ({ graph, kernel }: Place<Layer>, { dy, output }: Incoming): Value =>
  kernel.activation === 'relu' ? graph.reluGradient(dy, output()) : dy
