import type { GradConfig, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { tf } from '../tf.js'
import { type Activation, reluGradient } from './relu.js'

interface ConvolutionAttributes {
  readonly stride: number
  readonly pad: 'same' | 'valid'
  readonly activation: Activation
}

/**
 * z = act(x ∗ filter + bias), as one kernel with a gradient.
 *
 * @param x n × height × width × in
 * @param filter kernel × kernel × in × out
 * @param bias out; undefined if the convolution has none
 * @param padding zeros on each side, as PyTorch counts them. If TensorFlow's `same` puts as many on both sides, that is
 * used; otherwise the image is padded first, because the gradient kernels accept only `same` and `valid`.
 * @returns n × height′ × width′ × out
 */
export const conv2d = (
  x: Tensor4D,
  filter: Tensor4D,
  bias: Tensor1D | undefined,
  stride: number,
  padding: number,
  activation: Activation,
): Tensor4D => {
  const { input, pad } = padded(x, filter.shape[0], stride, padding)
  return tf.engine().runKernel('PwoaConv2D', bias ? { x: input, filter, bias } : { x: input, filter }, {
    stride,
    pad,
    activation,
  }) as Tensor4D
}

/**
 * The images as a convolution's kernels take them, padded if necessary, and the padding that is left to the kernels.
 */
export const padded = (
  x: Tensor4D,
  kernel: number,
  stride: number,
  padding: number,
): { readonly input: Tensor4D; readonly pad: 'same' | 'valid' } => {
  const [, height, width] = x.shape
  if (padding === 0) return { input: x, pad: 'valid' }
  if (samePads(height, kernel, stride, padding) && samePads(width, kernel, stride, padding))
    return { input: x, pad: 'same' }
  const sides: [number, number] = [padding, padding]
  return { input: tf.pad(x, [[0, 0], sides, sides, [0, 0]]), pad: 'valid' }
}

/** Whether TensorFlow's `same`, which aims at ⌈size / stride⌉ outputs, pads both sides by exactly `padding`. */
export const samePads = (size: number, kernel: number, stride: number, padding: number): boolean =>
  (Math.ceil(size / stride) - 1) * stride + kernel - size === 2 * padding

/** ∂/∂x, ∂/∂filter, ∂/∂bias; each is computed only if something needs it. */
export const conv2dGradient: GradConfig = {
  kernelName: 'PwoaConv2D',
  inputsToSave: ['x', 'filter'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [x, filter, z] = saved as [Tensor4D, Tensor4D, Tensor4D]
    const { stride, pad, activation } = attributes as unknown as ConvolutionAttributes
    const dz = reluGradient(dy as Tensor, z, activation)
    const shared = { strides: stride, pad, dataFormat: 'NHWC' }
    const run = (kernel: string, inputs: Record<string, Tensor>, more: Record<string, number[]>): Tensor =>
      tf.engine().runKernel(kernel, inputs, { ...shared, ...more }) as Tensor
    return {
      x: () => run('Conv2DBackpropInput', { dy: dz, filter }, { inputShape: x.shape }),
      filter: () => run('Conv2DBackpropFilter', { x, dy: dz }, { filterShape: filter.shape }),
      bias: () => tf.engine().runKernel('PwoaBiasAddGrad', { dy: dz }) as Tensor,
    }
  },
}
