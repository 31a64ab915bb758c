import type { Value } from '../../engine/graph/graphNodes.js'
import type { Padding } from '../../engine/graph/layerNodes.js'
import { samePads } from '../../engine/ops/conv2d.js'
import type { Conv2dLayer } from '../layers.js'
import type { Place } from './layerRule.js'

/** The input of a convolution as TensorFlow takes it, the way back, and the stride that is left. */
export interface Window {
  readonly seen: (x: Value) => Value
  readonly back: (x: Value, dSeen: Value) => Value
  readonly stride: number
  readonly padding: Padding
}

/**
 * Zeros on each side as PyTorch counts them, see `conv2d` of the engine. A 1 × 1 filter with a stride looks at some
 * pixels only: these are taken out first, as the gradient of its own kernel writes past its end.
 */
export const windowOf = ({ graph, layer, kernel }: Place<Conv2dLayer>): Window => {
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
