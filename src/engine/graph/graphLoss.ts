import type { TensorInfo } from '@tensorflow/tfjs-core'
import type { GraphBuilder } from './graphBuilder.js'
import type { Value } from './graphNodes.js'

/** A value of a graph with a row of so many numbers for each example. */
export interface Rows {
  readonly value: Value
  readonly features: number
}

/** A hidden activation: the whole minibatch's. */
export interface HiddenRows extends Rows {
  /** Its place among the network's hidden activations. */
  readonly index: number
}

/** What a loss in a graph may read. */
export interface LossInputs {
  readonly graph: GraphBuilder
  /** Number of examples. */
  readonly count: number
  readonly images: Rows
  /** One-hot, n × classes. */
  readonly labels: Value
  /** n × classes. */
  readonly logits: Rows
  readonly hidden: () => readonly HiddenRows[]
  /** A value that each step feeds, by its name in `feeds`. */
  readonly fed: (name: string) => Value
}

/** A loss and its gradients; those of outputs that it does not depend on are missing. */
export interface LossValues {
  /** A scalar. */
  readonly loss: Value
  /** ∂L/∂logits. */
  readonly logits?: Value
  /** ∂L/∂ each hidden activation, by its place. */
  readonly hidden?: ReadonlyMap<number, Value>
}

/** A loss as a part of a graph, bound to a minibatch. */
export interface GraphLoss {
  /** Losses with the same key add the same nodes to a graph. */
  readonly key: string
  readonly build: (inputs: LossInputs) => LossValues
  /** New tensors, by name; the caller disposes of them. */
  readonly feeds: Readonly<Record<string, TensorInfo>>
}
