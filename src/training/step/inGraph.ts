import type { LossTerm, TermBatch } from '../../dsl/step.js'
import type { GraphLoss } from '../../engine/graph/graphLoss.js'
import type { OptimizerGraph } from '../../engine/graph/optimizerGraph.js'
import type { Optimizer } from './optimizer.js'

/** A loss term as a part of the step's graph; runs once per step, like `bind`. */
type TermInGraph = (batch: TermBatch) => GraphLoss

/** An optimizer as a part of the step's graph. */
export interface OptimizerInGraph {
  readonly graph: Pick<OptimizerGraph<never>, 'slots' | 'make'>
  /** The numbers of a step, by name and always in the same order. */
  readonly numbers: (step: { readonly step: number; readonly learningRate: number }) => Readonly<Record<string, number>>
}

// By the functions that do the same, so that a copy of a term or an optimizer with another function has no graph.
const terms = new WeakMap<LossTerm['bind'], TermInGraph>()
const optimizers = new WeakMap<Optimizer['update'], OptimizerInGraph>()

/** Returns the term, which can also be a part of the step's graph. */
export const termInGraph = (term: LossTerm, inGraph: TermInGraph): LossTerm => {
  terms.set(term.bind, inGraph)
  return term
}

/** Returns the optimizer, which can also be a part of the step's graph. */
export const optimizerInGraph = (optimizer: Optimizer, inGraph: OptimizerInGraph): Optimizer => {
  optimizers.set(optimizer.update, inGraph)
  return optimizer
}

/** The term as a part of a graph, if it can be one. */
export const graphOfTerm = ({ bind }: LossTerm): TermInGraph | undefined => terms.get(bind)

/** The optimizer as a part of a graph, if it can be one. */
export const graphOfOptimizer = ({ update }: Optimizer): OptimizerInGraph | undefined => optimizers.get(update)
