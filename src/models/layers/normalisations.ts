import { given as kept } from '../../dsl/kit/given.js'
import type { GroupNormLayer, LayerNormLayer } from './layer.js'
import {
  type GroupNormOptions,
  groupNormOptions,
  type LayerNormOptions,
  layerNormOptions,
  type UnitNormOptions,
  unitNormOptions,
} from './layerOptions.js'
import type { Placement } from './placement.js'
import { placementOptions } from './placement.js'
import type { StandardizeLayer, UnitNormLayer } from './tokenLayers.js'

/** ε of a normalisation that has none of its own. */
export const EPSILON = 1e-5

/** ε unless it is the default, which a description leaves out. */
const unlessDefault = (epsilon: number) => (epsilon === EPSILON ? {} : { epsilon })

/**
 * y = γ·(x − μ)/√(σ² + ε) + β with the mean and biased variance over the channels of each pixel, or over the features of
 * a vector: `torch.nn.LayerNorm(channels)` on channels last, and ConvNeXt's `LayerNorm2d`. Training and use are the same.
 * γ is `<name>.weight` and β `<name>.bias`: one number per channel, learned, not pruned.
 *
 * Source: Ba, Kiros, Hinton, "Layer Normalization", 2016.
 */
export const layerNorm = (name: string, options: LayerNormOptions = {}): LayerNormLayer => {
  const { epsilon } = layerNormOptions.read(options, `layerNorm ${JSON.stringify(name)}`)
  const { epsilon: _, ...placement } = options
  return { type: 'layerNorm', name, ...kept(placement), ...unlessDefault(epsilon) }
}

/**
 * y = γ·(x − μ)/√(σ² + ε) + β with the mean and biased variance over the pixels and channels of each group of consecutive
 * channels, for each image by itself: `torch.nn.GroupNorm(groups, channels)`. As many groups as channels are
 * `torch.nn.InstanceNorm2d(channels, affine=True)`. Training and use are the same. γ is `<name>.weight` and β
 * `<name>.bias`: one number per channel, learned, not pruned.
 *
 * Source: Wu, He, "Group Normalization", ECCV 2018; Ulyanov, Vedaldi, Lempitsky, "Instance Normalization", 2016.
 */
export const groupNorm = (name: string, options: GroupNormOptions): GroupNormLayer => {
  const { epsilon, groups } = groupNormOptions.read(options, `groupNorm ${JSON.stringify(name)}`)
  const { epsilon: _, ...placement } = options
  return { type: 'groupNorm', name, ...kept(placement), groups, ...unlessDefault(epsilon) }
}

/** The least length that numbers are divided by: that of `torch.nn.functional.normalize`. */
export const LEAST_LENGTH = 1e-12

/**
 * x / max(‖x‖₂, 1e-12), as `torch.nn.functional.normalize`: of the channels of each pixel, or of the features of a vector; or,
 * over pixels, of each channel's numbers at all pixels of its image. It has no parameters.
 *
 * Source: Wang et al., "NormFace", ACM Multimedia 2017; over pixels: El-Nouby et al., "XCiT", NeurIPS 2021, sec. 3.2.
 * @example
 * const features = unitNorm()
 * const queries = unitNorm({ over: 'pixels', inputs: ['queries'] })
 */
export const unitNorm = (options: UnitNormOptions = {}): UnitNormLayer => {
  const { over } = unitNormOptions.read(options)
  return { type: 'unitNorm', ...kept(options), over }
}

/**
 * (x − μ) / max(σ, 1/√m) with the mean and the unbiased standard deviation of all m numbers of an image, so for each image its
 * own: a network may have it in place of a normalisation by constants. It has no parameters, and gradients pass through μ and σ.
 *
 * Source: Ding et al., "MMA Training", ICLR 2020, after TensorFlow's `tf.image.per_image_standardization`.
 */
export const standardize = (placement: Placement = {}): StandardizeLayer => {
  placementOptions.read(placement, 'standardize')
  return { type: 'standardize', ...kept(placement) }
}
