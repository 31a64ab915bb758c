import type { Kernel } from '../../../models/architecture/execution.js'
import type { GraphModelBuilder, Value } from './graphModel.js'

/** Where a layer is in the graph to be written. */
export interface Place {
  readonly graph: GraphModelBuilder
  readonly kernel: Kernel
  readonly inputs: readonly Value[]
  /** The constant of one of the layer's parameters: `weight`, `bias`; the empty name is that of a layer that is one tensor. */
  readonly parameter: (part: string) => Value
}
