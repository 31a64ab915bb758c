import { pairOf } from '../../dsl/kit/extent.js'
import type { Architecture, GraphNode } from '../architecture/architecture.js'
import { attentionSizes, covarianceSizes } from '../architecture/tokenSizes.js'
import { groupsOf } from '../layers/layers.js'
import { parameterCount, parametersOf } from './parameters.js'

/** Size and work of a network. */
export interface Counts {
  readonly parameters: number
  /**
   * Floating-point operations of one image's forward pass: two per multiply-accumulate of convolutions, linear
   * layers and attention; biases, normalisation, activations and pooling are not counted.
   */
  readonly flops: number
}

/** Counts a network's parameters, and the operations that one image takes. */
export const countsOf = (architecture: Architecture): Counts => ({
  parameters: parameterCount(architecture),
  flops: architecture.nodes.reduce((sum, node) => sum + flopsOf(node), 0),
})

/** `Counts.flops` without the multiply-accumulates of pruned weights: the work of an engine that skips zeros. */
export const keptFlops = (architecture: Architecture, mask: Float32Array): number =>
  architecture.nodes.reduce((sum, node) => {
    const weight = parametersOf(architecture).find(({ role, node: id }) => role === 'weight' && id === node.id)
    if (!weight) return sum
    const kept = mask.subarray(weight.offset, weight.offset + weight.size).reduce((ones, bit) => ones + bit, 0)
    return sum + (flopsOf(node) * kept) / weight.size
  }, 0)

/** One layer's share of `Counts.flops`. */
export const flopsOf = ({ layer, shape, inputShapes }: GraphNode): number => {
  const [input] = inputShapes
  if (layer.type === 'conv2d' && shape.kind === 'image' && input?.kind === 'image') {
    const [height, width] = pairOf(layer.kernel)
    return (2 * shape.height * shape.width * layer.out * height * width * input.channels) / groupsOf(layer)
  }
  if (layer.type === 'attention') {
    const { heads, queries, keys, depth, width } = attentionSizes(layer, inputShapes)
    return 2 * heads * queries * keys * (depth + width)
  }
  if (layer.type === 'crossCovariance') {
    const { heads, tokens, depth } = covarianceSizes(layer, inputShapes)
    return 4 * heads * tokens * depth ** 2
  }
  if (layer.type === 'convTranspose2d' && input?.kind === 'image') {
    const [height, width] = pairOf(layer.kernel)
    return (2 * input.height * input.width * input.channels * layer.out * height * width) / groupsOf(layer)
  }
  return layer.type === 'linear' && input?.kind === 'vector' ? 2 * input.features * layer.out : 0
}
