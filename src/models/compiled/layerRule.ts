import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import type { Kernel } from '../architecture/execution.js'
import type { GivenValue } from '../layers/layer.js'

/** A network's parameters as values of a graph, by name. */
export type ParameterValues = ReadonlyMap<string, Value>

/** What a layer's forward pass keeps for its backward pass besides its result, by names of its own. */
export interface Saved {
  readonly keep: (name: string, value: Value) => void
  readonly recall: (name: string) => Value
}

/** A layer's place in a graph. */
export interface Place {
  readonly graph: GraphBuilder
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
  /** @param index of the input. @default 0 */
  readonly input: (index?: number) => Value
}

/** Gradients of a layer's inputs, in order, without those of given values, and of its parameters, by name. */
export interface LayerGradients {
  readonly inputs: readonly Value[]
  readonly parameters?: Readonly<Record<string, Value>>
}

/** How a layer runs in a graph, forward and backward. */
export interface LayerRule {
  /** Returns the layer's output. */
  readonly forward: (place: Place, inputs: readonly Value[]) => Value
  readonly backward: (place: Place, incoming: Incoming) => LayerGradients
}

/** Applies the ReLU that a layer is fused with, if any. */
export const activated = ({ graph, kernel }: Place, z: Value): Value =>
  kernel.activation === 'relu' ? graph.relu(z) : z

/** The gradient before the ReLU that a layer is fused with, if any. */
export const deactivated = ({ graph, kernel }: Place, { dy, output }: Incoming): Value =>
  kernel.activation === 'relu' ? graph.reluGradient(dy, output()) : dy
