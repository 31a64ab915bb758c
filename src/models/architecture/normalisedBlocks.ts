import type { GroupNormLayer, LayerNormLayer } from '../layers/layer.js'
import type { NodeShape } from './shapes.js'

/** How numbers are arranged so that each mean is along some axes, and the last axis of the layer is that of γ and β. */
export interface NormalisedBlocks {
  /** n × …, with the number of images left to infer. */
  readonly shape: readonly number[]
  /** Axes of `shape` that a mean and a variance are over. */
  readonly axes: readonly number[]
}

/**
 * The numbers that a layer normalises together.
 *
 * @throws Error for groups on a vector, which is a defect of this package
 */
export const blocksOf = (layer: LayerNormLayer | GroupNormLayer, shape: NodeShape | undefined): NormalisedBlocks => {
  if (layer.type === 'layerNorm' && shape)
    return { shape: [-1, shape.kind === 'image' ? shape.channels : shape.features], axes: [1] }
  if (layer.type !== 'groupNorm' || shape?.kind !== 'image') throw new Error(`"${layer.name}" has no image`)
  const { height, width, channels } = shape
  return { shape: [-1, height * width, layer.groups, channels / layer.groups], axes: [1, 3] }
}
