import { isEach, type Pair, pairOf } from '../../../dsl/kit/extent.js'
import type { GraphBuilder } from '../../../engine/graph/graphBuilder.js'
import type { Value } from '../../../engine/graph/graphNodes.js'
import type { Padding } from '../../../engine/graph/layerNodes.js'
import { samePads } from '../../../engine/ops/conv2d.js'
import type { Kernel } from '../../architecture/execution.js'
import type { Conv2dLayer } from '../../layers/windowLayers.js'
import { tapsOf } from '../../windows/taps.js'

/** How a convolution of PyTorch becomes one of TensorFlow. */
export interface Window {
  /** The input that TensorFlow's convolution reads. */
  readonly seen: (x: Value) => Value
  /** The gradient of the layer's input from that of `seen`. */
  readonly back: (x: Value, dSeen: Value) => Value
  /** The stride that remains for TensorFlow's convolution. */
  readonly stride: Pair
  readonly padding: Padding
}

/**
 * Pads as PyTorch does, with zeros on each side; see `conv2d` of the engine. Where a filter has one tap along an axis and
 * a stride, it reads only some pixels. These are taken out first, because TensorFlow's gradient of such a convolution
 * writes past its end.
 *
 * @throws Error if the input is not an image, which is a defect of this package
 */
export const windowOf = (
  layer: Conv2dLayer,
  { graph, kernel }: { readonly graph: GraphBuilder; readonly kernel: Kernel },
): Window => {
  const [shape] = kernel.node.inputShapes
  if (shape?.kind !== 'image') throw new Error(`"${layer.name}" has no image`)
  const { height, width } = shape
  const { sides } = tapsOf(layer)
  const [stride, padding] = [pairOf(layer.stride), pairOf(layer.padding)]
  const skipped = ([0, 1] as const).map((axis) => (sides[axis] === 1 && padding[axis] === 0 ? stride[axis] : 1))
  const [down = 1, across = 1] = skipped
  if (down > 1 || across > 1) {
    const left: Pair = [stride[0] / down, stride[1] / across]
    const [rows, columns] = [Math.ceil(height / down), Math.ceil(width / across)]
    const rest = paddedWindow(graph, [rows, columns], { sides, stride: left, padding })
    return {
      ...rest,
      seen: (x) => rest.seen(graph.subsample(x, [down, across])),
      back: (x, dSeen) => graph.subsampleGradient(graph.shapeOf(x), rest.back(x, dSeen), [down, across]),
    }
  }
  return paddedWindow(graph, [height, width], { sides, stride, padding })
}

const paddedWindow = (
  graph: GraphBuilder,
  [height, width]: Pair,
  { sides, stride, padding }: { readonly sides: Pair; readonly stride: Pair; readonly padding: Pair },
): Window => {
  const same = !isEach(padding, 0) && samePads([height, width], sides, stride, padding)
  if (isEach(padding, 0) || same) return { seen: (x) => x, back: (_, d) => d, stride, padding: same ? 'same' : 'valid' }
  return {
    seen: (x) => graph.pad(x, padding),
    back: (_, dSeen) => graph.crop(dSeen, padding, height, width),
    stride,
    padding: 'valid',
  }
}
