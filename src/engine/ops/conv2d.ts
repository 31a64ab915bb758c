import type { GradConfig, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { type Extent, isEach, type Pair, pairOf } from '../../dsl/kit/extent.js'
import { tf } from '../tf.js'
import { type Activation, reluGradient } from './relu.js'

interface ConvolutionAttributes {
  readonly strides: Pair
  readonly pad: 'same' | 'valid'
  readonly activation: Activation
}

/**
 * z = act(x ∗ filter + bias), as one kernel with a gradient.
 *
 * @param x n × height × width × in
 * @param filter kernel height × kernel width × in × out
 * @param bias out; undefined if the convolution has none
 * @param padding zeros on each side, as PyTorch counts them. If TensorFlow's `same` puts as many on both sides, that is
 * used; otherwise the image is padded first, because the gradient kernels accept only `same` and `valid`.
 * @returns n × height′ × width′ × out
 */
export const conv2d = (
  x: Tensor4D,
  filter: Tensor4D,
  bias: Tensor1D | undefined,
  stride: Extent,
  padding: Extent,
  activation: Activation,
): Tensor4D => {
  const [height, width] = filter.shape
  const { input, pad } = padded(x, [height, width], stride, padding)
  return tf.engine().runKernel('PwoaConv2D', bias ? { x: input, filter, bias } : { x: input, filter }, {
    strides: pairOf(stride),
    pad,
    activation,
  }) as Tensor4D
}

/**
 * The images as a convolution's kernels take them, padded if necessary, and the padding that is left to the kernels.
 */
export const padded = (
  x: Tensor4D,
  kernel: Pair,
  stride: Extent,
  padding: Extent,
): { readonly input: Tensor4D; readonly pad: 'same' | 'valid' } => {
  const [, height, width] = x.shape
  if (isEach(padding, 0)) return { input: x, pad: 'valid' }
  if (samePads([height, width], kernel, stride, padding)) return { input: x, pad: 'same' }
  const [down, across] = pairOf(padding)
  return {
    input: tf.pad(x, [
      [0, 0],
      [down, down],
      [across, across],
      [0, 0],
    ]),
    pad: 'valid',
  }
}

/** Whether TensorFlow's `same`, which aims at ⌈size / stride⌉ outputs, adds exactly `padding` at both ends of each axis. */
export const samePads = (size: Pair, kernel: Pair, stride: Extent, padding: Extent): boolean =>
  ([0, 1] as const).every((axis) => {
    const [pixels, step] = [size[axis], pairOf(stride)[axis]]
    return (Math.ceil(pixels / step) - 1) * step + kernel[axis] - pixels === 2 * pairOf(padding)[axis]
  })

/** ∂/∂x, ∂/∂filter, ∂/∂bias; each is computed only if something needs it. */
export const conv2dGradient: GradConfig = {
  kernelName: 'PwoaConv2D',
  inputsToSave: ['x', 'filter'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [x, filter, z] = saved as [Tensor4D, Tensor4D, Tensor4D]
    const { strides, pad, activation } = attributes as unknown as ConvolutionAttributes
    const dz = reluGradient(dy as Tensor, z, activation)
    const shared = { strides: [...strides], pad, dataFormat: 'NHWC' }
    const run = (kernel: string, inputs: Record<string, Tensor>, more: Record<string, number[]>): Tensor =>
      tf.engine().runKernel(kernel, inputs, { ...shared, ...more }) as Tensor
    return {
      x: () => run('Conv2DBackpropInput', { dy: dz, filter }, { inputShape: x.shape }),
      filter: () => run('Conv2DBackpropFilter', { x, dy: dz }, { filterShape: filter.shape }),
      bias: () => tf.engine().runKernel('PwoaBiasAddGrad', { dy: dz }) as Tensor,
    }
  },
}
