import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { conv2d } from '../../engine/ops/conv2d.js'
import { groupedConv2d } from '../../engine/ops/groupedConv2d.js'
import type { Activation } from '../../engine/ops/relu.js'
import { tf } from '../../engine/tf.js'
import type { NodeShape } from '../architecture/shapes.js'
import { groupsOf } from '../layers/layers.js'
import type { Conv2dLayer, ConvTranspose2dLayer, Sides } from '../layers/windowLayers.js'
import { tapsOf } from '../windows/taps.js'
import { type Transposed, transposedOf } from '../windows/transposed.js'

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

/**
 * A transposed convolution.
 *
 * @param x n × height × width × channels
 * @param weight kernel height × kernel width × inputs of one group × outputs
 * @param bias one number for each output; undefined if the layer has none
 */
export const upsampled = (
  layer: ConvTranspose2dLayer,
  shape: NodeShape | undefined,
  x: Tensor4D,
  weight: Tensor4D,
  bias: Tensor1D | undefined,
  activation: Activation,
): Tensor4D => {
  const direct = transposedOf(layer, shape)
  return convolved(direct.layer, spacedOut(x, direct), tf.reverse(weight, [0, 1]), bias, activation)
}

/** The input of the convolution that a transposed one is. */
const spacedOut = (x: Tensor4D, { spacing: [down, across], spaced, added, cut, seen }: Transposed): Tensor4D => {
  const { height, width, channels } = spaced
  const after = (t: Tensor, zeros: number): Tensor =>
    tf.pad(t, [
      [0, 0],
      [0, 0],
      [0, zeros],
      [0, 0],
    ])
  const rows = after(tf.reshape(x, [-1, height / down, 1, (width / across) * channels]), down - 1)
  const columns = after(tf.reshape(rows, [-1, width / across, 1, channels]), across - 1)
  const padded = padZeros(tf.reshape(columns, [-1, height, width, channels]), added)
  return tf.slice(padded, [0, cut.top, cut.left, 0], [-1, seen.height, seen.width, -1])
}

const padZeros = (x: Tensor4D, { top, bottom, left, right }: Sides): Tensor4D =>
  tf.pad(x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ])

/** The filter with its taps as far apart as the layer's dilation says. */
const spread = (layer: Conv2dLayer, weight: Tensor4D): Tensor4D => {
  const { sides, matrix } = tapsOf(layer)
  if (!matrix) return weight
  const [, , inputs, outputs] = weight.shape
  const taps: Tensor2D = tf.tensor2d(matrix.map((row) => [...row]))
  const product: Tensor = tf.matMul(taps, tf.reshape(weight, [-1, inputs * outputs]))
  return tf.reshape(product, [...sides, inputs, outputs])
}
