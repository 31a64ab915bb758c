import type { Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

/** Settings of a step of Adam. */
export interface AdamAttributes {
  /** lr > 0 */
  readonly learningRate: number
  /** β1, in [0, 1) */
  readonly beta1: number
  /** β2, in [0, 1) */
  readonly beta2: number
  /** ε > 0 */
  readonly epsilon: number
  /** t: 1 for the first step. */
  readonly step: number
}

/** Inputs of a step of Adam: vectors of one length. */
export interface AdamVectors {
  /** w */
  readonly weights: Tensor1D
  /** m */
  readonly mean: Tensor1D
  /** v */
  readonly square: Tensor1D
  /** g */
  readonly gradient: Tensor1D
}

/**
 * One step of Adam, as PyTorch computes it, in one kernel:
 *
 *     m ← m + (1 − β1)(g − m),   v ← β2·v + (1 − β2)·g²,   w ← w − lr / (1 − β1ᵗ) · m / (√v / √(1 − β2ᵗ) + ε)
 *
 * Does not change its inputs.
 *
 * @returns w, m, v
 * Source: Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
 */
export const adamUpdate = (vectors: AdamVectors, attributes: AdamAttributes): [Tensor1D, Tensor1D, Tensor1D] =>
  tf.engine().runKernel('PwoaAdam', { ...vectors }, { ...attributes }) as [Tensor1D, Tensor1D, Tensor1D]
