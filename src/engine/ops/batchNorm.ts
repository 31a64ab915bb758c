import type { GradConfig, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'
import { type Activation, reluGradient } from './relu.js'

interface NormalisationAttributes {
  readonly epsilon: number
  readonly activation: Activation
}

/** The result of batch normalisation, and the minibatch's moments that it used. */
export interface Normalised {
  /** n × height × width × channels */
  readonly y: Tensor4D
  /** Mean of each channel over the minibatch: channels. No gradient flows through it. */
  readonly mean: Tensor1D
  /** Biased variance of each channel, Σ(x − mean)² / (n·height·width): channels. No gradient flows through it. */
  readonly variance: Tensor1D
}

/**
 * y = act(scale·(x − μ)/√(σ² + ε) + offset) with the minibatch's own mean μ and biased variance σ² of each channel:
 * batch normalisation in training, as one kernel with a gradient.
 *
 * @param x n × height × width × channels
 * @param scale γ: channels
 * @param offset β: channels
 * @param epsilon ε > 0, in units of the variance
 * Source: Ioffe, Szegedy, "Batch Normalization", ICML 2015, algorithm 1.
 */
export const batchNorm = (
  x: Tensor4D,
  scale: Tensor1D,
  offset: Tensor1D,
  epsilon: number,
  activation: Activation,
): Normalised => {
  const [y, mean, variance] = tf
    .engine()
    .runKernel('PwoaBatchNorm', { x, scale, offset }, { epsilon, activation }) as unknown as [
    Tensor4D,
    Tensor1D,
    Tensor1D,
  ]
  return { y, mean, variance }
}

/** ∂/∂x, ∂/∂scale, ∂/∂offset of `y`, all by one kernel; `mean` and `variance` get no gradient. */
export const batchNormGradient: GradConfig = {
  kernelName: 'PwoaBatchNorm',
  inputsToSave: ['x', 'scale'],
  outputsToSave: [true, true, true],
  gradFunc: (dys, saved, attributes) => {
    const [x, scale, y, mean, variance] = saved as [Tensor4D, Tensor1D, Tensor4D, Tensor1D, Tensor1D]
    const { epsilon, activation } = attributes as unknown as NormalisationAttributes
    const [dy] = dys as Tensor[] as [Tensor]
    const dz = reluGradient(dy, y, activation)
    const [dx, dScale, dOffset] = tf
      .engine()
      .runKernel('PwoaBatchNormGrad', { dy: dz, x, scale, mean, variance }, { epsilon }) as unknown as [
      Tensor4D,
      Tensor1D,
      Tensor1D,
    ]
    return { x: () => dx, scale: () => dScale, offset: () => dOffset }
  },
}
