import { given as kept } from '../../dsl/kit/given.js'
import type { GroupNormLayer, LayerNormLayer } from './layer.js'
import { type GroupNormOptions, groupNormOptions, type LayerNormOptions, layerNormOptions } from './layerOptions.js'

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
