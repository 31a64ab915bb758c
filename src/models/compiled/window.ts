import type { Value } from '../../engine/graph/graphNodes.js'
import type { Padding } from '../../engine/graph/layerNodes.js'
import { samePads } from '../../engine/ops/conv2d.js'
import type { Conv2dLayer } from '../architecture/layer.js'
import type { Place } from './layerRule.js'

/** How a convolution of PyTorch becomes one of TensorFlow. */
export interface Window {
  /** The input that TensorFlow's convolution reads. */
  readonly seen: (x: Value) => Value
  /** The gradient of the layer's input from that of `seen`. */
  readonly back: (x: Value, dSeen: Value) => Value
  /** The stride that remains for TensorFlow's convolution. */
  readonly stride: number
  readonly padding: Padding
}

/**
 * Pads as PyTorch does, with zeros on each side; see `conv2d` of the engine. A 1 × 1 filter with a stride reads only
 * some pixels. These are taken out first, because TensorFlow's gradient of such a convolution writes past its end.
 *
 * @throws Error if the input is not an image, which is a defect of this package
 */
export const windowOf = (layer: Conv2dLayer, { graph, kernel }: Place): Window => {
  const [shape] = kernel.node.inputShapes
  if (shape?.kind !== 'image') throw new Error(`"${layer.name}" has no image`)
  const { height, width } = shape
  const { kernel: side, stride, padding } = layer
  if (padding === 0 && side === 1 && stride > 1)
    return {
      seen: (x) => graph.subsample(x, stride),
      back: (x, dSeen) => graph.subsampleGradient(graph.shapeOf(x), dSeen, stride),
      stride: 1,
      padding: 'valid',
    }
  const same = padding > 0 && samePads(height, side, stride, padding) && samePads(width, side, stride, padding)
  if (padding === 0 || same) return { seen: (x) => x, back: (_, d) => d, stride, padding: same ? 'same' : 'valid' }
  return {
    seen: (x) => graph.pad(x, padding),
    back: (_, dSeen) => graph.crop(dSeen, padding, height, width),
    stride,
    padding: 'valid',
  }
}
