import type { Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** Settings of a step of gradient descent. */
export interface MomentumAttributes {
  /** lr > 0 */
  readonly learningRate: number
  /** In [0, 1). */
  readonly momentum: number
  /** ≥ 0 */
  readonly weightDecay: number
}

/** Inputs of a step of gradient descent: vectors of one length. */
export interface MomentumVectors {
  /** w */
  readonly weights: Tensor1D
  /** b */
  readonly velocity: Tensor1D
  /** g */
  readonly gradient: Tensor1D
}

/**
 * One step of gradient descent with momentum, as PyTorch computes it, in one kernel: b ← momentum·b + g + decay·w,
 * w ← w − lr·b. Does not change its inputs.
 *
 * @returns w, b
 */
export const momentumUpdate = (vectors: MomentumVectors, attributes: MomentumAttributes): [Tensor1D, Tensor1D] =>
  tf.engine().runKernel('PwoaMomentum', { ...vectors }, { ...attributes }) as [Tensor1D, Tensor1D]
