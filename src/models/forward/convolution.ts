import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { conv2d } from '../../engine/ops/conv2d.js'
import { groupedConv2d } from '../../engine/ops/groupedConv2d.js'
import type { Activation } from '../../engine/ops/relu.js'
import { tf } from '../../engine/tf.js'
import type { Conv2dLayer } from '../architecture/layer.js'
import { groupsOf } from '../architecture/layers.js'
import { tapsOf } from '../architecture/taps.js'

/**
 * A convolution.
 *
 * @param x n × height × width × channels
 * @param weight kernel height × kernel width × inputs of one group × outputs
 * @param bias one number for each output; undefined if the layer has none
 */
export const convolved = (
  layer: Conv2dLayer,
  x: Tensor4D,
  weight: Tensor4D,
  bias: Tensor1D | undefined,
  activation: Activation,
): Tensor4D => {
  const { stride, padding } = layer
  const groups = groupsOf(layer)
  const filter = spread(layer, weight)
  return groups === 1
    ? conv2d(x, filter, bias, stride, padding, activation)
    : groupedConv2d(x, filter, bias, { stride, padding, groups }, activation)
}

/** The filter with its taps as far apart as the layer's dilation says. */
const spread = (layer: Conv2dLayer, weight: Tensor4D): Tensor4D => {
  const { sides, matrix } = tapsOf(layer)
  if (!matrix) return weight
  const [, , inputs, outputs] = weight.shape
  const taps: Tensor2D = tf.tensor2d(matrix.map((row) => [...row]))
  const product: Tensor = tf.matMul(taps, tf.reshape(weight, [-1, inputs * outputs]))
  return tf.reshape(product, [...sides, inputs, outputs])
}
