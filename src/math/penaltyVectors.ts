import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core'

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
