import type { Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

export interface MomentumAttributes {
  readonly learningRate: number
  readonly momentum: number
  readonly weightDecay: number
}

export interface MomentumVectors {
  readonly weights: Tensor1D
  /** b */
  readonly velocity: Tensor1D
  readonly gradient: Tensor1D
}

/** One step of gradient descent with momentum as one kernel: b ← momentum·b + g + decay·w, w ← w − lr·b. @returns w, b */
export const momentumUpdate = (vectors: MomentumVectors, attributes: MomentumAttributes): [Tensor1D, Tensor1D] =>
  tf.engine().runKernel('PwoaMomentum', { ...vectors }, { ...attributes }) as [Tensor1D, Tensor1D]
