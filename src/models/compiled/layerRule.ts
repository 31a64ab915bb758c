import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import type { Kernel } from '../execution.js'
import type { GivenValue, Layer } from '../layers.js'

/** A network's parameters in a graph, by name. */
export type ParameterValues = ReadonlyMap<string, Value>

/** What a layer's way there leaves for its way back besides its result, by names of its own. */
export interface Saved {
  readonly keep: (name: string, value: Value) => void
  readonly recall: (name: string) => Value
}

/** A layer in its place in a graph. */
export interface Place<L extends Layer> {
  readonly graph: GraphBuilder
  readonly layer: L
  readonly kernel: Kernel
  readonly parameters: ParameterValues
  readonly saved: Saved
  /** What a loss gives beside the images. */
  readonly given: (value: GivenValue) => Value
}

/** What the way back of a layer may look at. A value that nobody asks for is not kept. */
export interface WayBack {
  /** Gradient of the layer's output, its activation included. */
  readonly dy: Value
  readonly output: () => Value
  readonly input: () => Value
}

/** Gradients of a layer's inputs, in order, save those of what is given, and of its parameters by name. */
export interface LayerGradients {
  readonly inputs: readonly Value[]
  readonly parameters?: Readonly<Record<string, Value>>
}

export interface LayerRule<L extends Layer> {
  readonly forward: (place: Place<L>, inputs: readonly Value[]) => Value
  readonly backward: (place: Place<L>, way: WayBack) => LayerGradients
}

export const parameter = (parameters: ParameterValues, name: string): Value => {
  const value = parameters.get(name)
  if (value === undefined) throw new Error(`no parameter "${name}"`)
  return value
}

export const activated = ({ graph, kernel }: Place<Layer>, z: Value): Value =>
  kernel.activation === 'relu' ? graph.relu(z) : z

export const deactivated = ({ graph, kernel }: Place<Layer>, { dy, output }: WayBack): Value =>
  kernel.activation === 'relu' ? graph.reluGradient(dy, output()) : dy
