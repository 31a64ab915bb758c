import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core'
import { canCompile, compiledOnce } from '../engine/graph/compiledGraph.js'
import { GraphBuilder } from '../engine/graph/graphBuilder.js'
import { tf } from '../engine/tf.js'

/** Inputs of {@link quadraticPenalty}: vectors of one length. */
export interface PenaltyVectors {
  /** w */
  readonly weights: Tensor1D
  /** t */
  readonly target: Tensor1D
  /** ρ ≥ 0 of each weight. */
  readonly price: Tensor1D
  /** g: the gradient of the loss without the penalty. */
  readonly gradient: Tensor1D
}

/** Outputs of {@link quadraticPenalty}. */
export interface Penalised {
  /** g + ρ∘(w − t) */
  readonly gradient: Tensor1D
  /** ½·Σ ρ∘(w − t)² */
  readonly loss: Scalar
}

/**
 * The penalty ½·Σ ρ∘(w − t)², and the loss's gradient with the penalty's added. With t = Z − U it is the term that
 * pulls the weights towards their pruned copy in ADMM.
 *
 * Source: Boyd et al., "Distributed Optimization and Statistical Learning via the Alternating Direction Method of
 * Multipliers", 2011, Sec. 3.1.1 (scaled form).
 */
export const quadraticPenalty = (vectors: PenaltyVectors): Penalised =>
  (canCompile() ? penaltyByGraph : penaltyByOperations)(vectors)

const penaltyByOperations = ({ weights, target, price, gradient }: PenaltyVectors): Penalised => {
  const residual = tf.sub(weights, target) as Tensor1D
  const pull = tf.mul(residual, price) as Tensor1D
  return {
    gradient: tf.add(gradient, pull) as Tensor1D,
    loss: tf.mul(tf.sum(tf.mul(residual, pull)), 0.5) as Scalar,
  }
}

/** The same in one call of the engine. */
const penaltyByGraph = (vectors: PenaltyVectors): Penalised => {
  const [gradient, loss] = graph().run({ ...vectors }, ['penalised', 'loss'])
  return { gradient: gradient as Tensor1D, loss: loss as Scalar }
}

/** The penalty as a graph: fed `weights`, `target`, `price` and `gradient`, it returns `penalised` and `loss`. */
export const penaltyGraph = (): GraphBuilder => {
  const builder = new GraphBuilder()
  const residual = builder.subtract(builder.placeholder('weights'), builder.placeholder('target'))
  const pull = builder.multiply(residual, builder.placeholder('price'))
  builder.output('penalised', builder.add(builder.placeholder('gradient'), pull))
  builder.output('loss', builder.multiply(builder.total(builder.multiply(residual, pull), [0]), builder.number(0.5)))
  return builder
}

const graph = compiledOnce(penaltyGraph)
