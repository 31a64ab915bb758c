import type { GradConfig, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'
import { type Activation, reluGradient } from './relu.js'

/**
 * z = act(x·weight + bias), as one kernel with a gradient.
 *
 * @param x n × in
 * @param weight in × out
 * @param bias out
 * @returns n × out
 */
export const linear = (x: Tensor2D, weight: Tensor2D, bias: Tensor1D, activation: Activation): Tensor2D =>
  tf.engine().runKernel('PwoaLinear', { x, weight, bias }, { activation }) as Tensor2D

/** ∂/∂x = dz·weightᵀ, ∂/∂weight = xᵀ·dz, ∂/∂bias = Σ dz; each is computed only if something needs it. */
export const linearGradient: GradConfig = {
  kernelName: 'PwoaLinear',
  inputsToSave: ['x', 'weight'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [x, weight, z] = saved as [Tensor2D, Tensor2D, Tensor2D]
    const { activation } = attributes as unknown as { readonly activation: Activation }
    const dz = reluGradient(dy as Tensor, z, activation) as Tensor2D
    return {
      x: () => tf.matMul(dz, weight, false, true),
      weight: () => tf.matMul(x, dz, true, false),
      bias: () => tf.engine().runKernel('PwoaBiasAddGrad', { dy: dz }) as Tensor,
    }
  },
}
