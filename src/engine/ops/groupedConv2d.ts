import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import { type Extent, pairOf } from '../../dsl/kit/extent.js'
import { tf } from '../tf.js'
import { conv2d, padded } from './conv2d.js'
import { type Activation, relu } from './relu.js'

/** Geometry of {@link groupedConv2d}. */
export interface GroupedWindow {
  /** Pixels, ≥ 1. */
  readonly stride: Extent
  /** Zeros on each side, as PyTorch counts them. */
  readonly padding: Extent
  /** Number of equal parts of the input's channels, and of the output's. */
  readonly groups: number
}

/**
 * z = act(x ∗ filter + bias), each part of the outputs from its own part of the inputs: one depth-wise convolution if
 * each part has one input channel, else one convolution per part. TensorFlow's depth-wise convolution has one stride for
 * both axes.
 *
 * @param x n × height × width × in
 * @param filter kernel height × kernel width × in/groups × out, the outputs part by part
 * @param bias out; undefined if the convolution has none
 * @returns n × height′ × width′ × out
 */
export const groupedConv2d = (
  x: Tensor4D,
  filter: Tensor4D,
  bias: Tensor1D | undefined,
  window: GroupedWindow,
  activation: Activation,
): Tensor4D => {
  const { stride, padding, groups } = window
  const [down, across] = pairOf(stride)
  if (filter.shape[2] === 1 && down === across) return depthwise(x, filter, bias, window, activation)
  const images = tf.split<Tensor4D>(x, groups, 3)
  const filters = tf.split<Tensor4D>(filter, groups, 3)
  const biases: readonly (Tensor1D | undefined)[] = bias ? tf.split<Tensor1D>(bias, groups) : []
  const parts = images.map((image, i) => conv2d(image, filters[i] as Tensor4D, biases[i], stride, padding, activation))
  return tf.concat(parts, 3)
}

const depthwise = (
  x: Tensor4D,
  filter: Tensor4D,
  bias: Tensor1D | undefined,
  { stride, padding, groups }: GroupedWindow,
  activation: Activation,
): Tensor4D => {
  const [height, width, , out] = filter.shape
  const { input, pad } = padded(x, [height, width], stride, padding)
  const perInput: Tensor4D = tf.reshape(filter, [height, width, groups, out / groups])
  const [down, across] = pairOf(stride)
  const product: Tensor = tf.depthwiseConv2d(input, perInput, [down, across], pad)
  const shifted = bias ? tf.add(product, bias) : product
  return (activation === 'relu' ? relu(shifted) : shifted) as Tensor4D
}
