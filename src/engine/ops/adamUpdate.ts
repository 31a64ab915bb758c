import type { Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'

export interface AdamAttributes {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** t, from 1. */
  readonly step: number
}

export interface AdamVectors {
  readonly weights: Tensor1D
  /** m */
  readonly mean: Tensor1D
  /** v */
  readonly square: Tensor1D
  readonly gradient: Tensor1D
}

/**
 * One step of Adam as one kernel: m ← m + (1 − β1)(g − m), v ← β2·v + (1 − β2)·g²,
 * w ← w − lr / (1 − β1ᵗ) · m / (√v / √(1 − β2ᵗ) + ε). Its inputs stay as they are.
 *
 * @returns w, m, v
 */
export const adamUpdate = (vectors: AdamVectors, attributes: AdamAttributes): [Tensor1D, Tensor1D, Tensor1D] =>
  tf.engine().runKernel('PwoaAdam', { ...vectors }, { ...attributes }) as [Tensor1D, Tensor1D, Tensor1D]
