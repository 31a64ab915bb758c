import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core'
import { canCompile } from '../engine/graph/compiledGraph.js'
import { tf } from '../engine/tf.js'
import { penaltyByGraph } from './compiled/quadraticPenalty.js'

/** What the penalty is of: vectors of one length. */
export interface PenaltyVectors {
  readonly weights: Tensor1D
  /** t */
  readonly target: Tensor1D
  /** ρ, for each weight. */
  readonly price: Tensor1D
  /** g, of the loss without the penalty. */
  readonly gradient: Tensor1D
}

export interface Penalised {
  /** g + ρ∘(w − t) */
  readonly gradient: Tensor1D
  /** ½·Σ ρ∘(w − t)² */
  readonly loss: Scalar
}

/** The penalty ½·Σ ρ∘(w − t)² and a gradient with its own added: ADMM's pull, with t = Z − U. */
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
