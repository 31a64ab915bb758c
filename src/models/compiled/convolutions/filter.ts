import type { GraphBuilder } from '../../../engine/graph/graphBuilder.js'
import type { Value } from '../../../engine/graph/graphNodes.js'
import type { Conv2dLayer } from '../../layers/windowLayers.js'
import { tapsOf } from '../../windows/taps.js'

/** The filter that TensorFlow's convolution reads. */
export interface Filter {
  readonly value: Value
  /** Its height, width, inputs of one group and outputs. */
  readonly shape: readonly [number, number, number, number]
  /** The gradient of the layer's weight from that of this filter. */
  readonly gradient: (dFilter: Value) => Value
}

/**
 * The filter of a convolution with its taps as far apart as its dilation says: the sum of a matrix of ones and zeros,
 * because TensorFlow's gradients of dilated convolutions do not exist on every processor.
 *
 * @param weight kernel height × kernel width × inputs of one group × outputs
 */
export const filterOf = (graph: GraphBuilder, layer: Conv2dLayer, weight: Value, inputs: number): Filter => {
  const { sides, matrix } = tapsOf(layer)
  const shape = [...sides, inputs, layer.out] as const
  if (!matrix) return { value: weight, shape, gradient: (dFilter) => dFilter }
  const taps = matrix[0]?.length ?? 0
  const spread = graph.product(graph.matrix(matrix), graph.reshape(weight, [taps, -1]))
  return {
    value: graph.reshape(spread, shape),
    shape,
    gradient: (dFilter) =>
      graph.reshapeLike(
        graph.product(graph.matrix(matrix), graph.reshape(dFilter, [matrix.length, -1]), 'first'),
        weight,
      ),
  }
}
