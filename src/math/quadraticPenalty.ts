import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core'
import { canCompile } from '../engine/graph/compiledGraph.js'
import { tf } from '../engine/tf.js'
import { penaltyByGraph } from './compiled/quadraticPenalty.js'
import type { Penalised, PenaltyVectors } from './penaltyVectors.js'

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
