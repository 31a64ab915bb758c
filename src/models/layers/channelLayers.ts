import { given as kept } from '../../dsl/kit/given.js'
import type { ConcatLayer, LayerScaleLayer, MultiplyLayer, ScaleLayer, SelectChannelsLayer } from './layer.js'
import {
  type LayerScaleOptions,
  layerScaleOptions,
  type PoolChannelsOptions,
  poolChannelsOptions,
  type ScaleOptions,
  type SelectChannelsOptions,
  type SoftmaxOptions,
  scaleOptions,
  selectChannelsOptions,
  softmaxOptions,
} from './layerOptions.js'
import type { Placement } from './placement.js'
import { idOptions } from './placement.js'
import type { PoolChannelsLayer, SoftmaxLayer } from './tokenLayers.js'

/**
 * The channels of several images of the same size one after the other, as `torch.cat(…, 1)`; or the numbers of vectors
 * that are not flattened images. DenseNets and the fire modules of SqueezeNets have it.
 *
 * @example
 * const joined = concat(['expand1x1', 'expand3x3'])
 */
export const concat = (inputs: readonly string[], placement: Pick<Placement, 'id'> = {}): ConcatLayer => {
  idOptions.read(placement, 'concat')
  return { type: 'concat', inputs, ...kept(placement) }
}

/**
 * Some channels of an image, in any order: a slice, one part of a split, a shuffle of channels; with −1, channels of zeros
 * as well. Also the numbers of a vector that is not a flattened image.
 *
 * @example
 * const secondHalf = selectChannels({ channels: [2, 3] })
 * const shuffledInTwoGroups = selectChannels({ channels: [0, 2, 1, 3] })
 * const paddedByZeros = selectChannels({ channels: [-1, 0, 1, -1] })
 */
export const selectChannels = (options: SelectChannelsOptions): SelectChannelsLayer => {
  selectChannelsOptions.read(options)
  return { type: 'selectChannels', ...kept(options) }
}

/**
 * The product of two layers' outputs of the same shape, number by number; or of an image and one number for each of its
 * channels, an image of 1 × 1 or a vector, as in squeeze-and-excitation; or of an image and one number for each of its
 * pixels, an image of one channel, as in spatial attention.
 *
 * Source: Hu, Shen, Sun, "Squeeze-and-Excitation Networks", CVPR 2018; Woo et al., "CBAM: Convolutional Block Attention
 * Module", ECCV 2018, equation 3.
 */
export const multiply = (inputs: readonly [string, string], placement: Pick<Placement, 'id'> = {}): MultiplyLayer => {
  idOptions.read(placement, 'multiply')
  return { type: 'multiply', inputs, ...kept(placement) }
}

/** factor·x with a constant factor, as of logits before a softmax. It is not trained. */
export const scale = (options: ScaleOptions): ScaleLayer => {
  scaleOptions.read(options)
  return { type: 'scale', ...kept(options) }
}

/**
 * x times a learned number for each channel of an image, or for each feature of a vector, the tensor `name`: the last layer
 * of a block of ConvNeXt and of some transformers, before its shortcut. It is not pruned.
 *
 * Source: Touvron et al., "Going deeper with Image Transformers", ICCV 2021, sec. 2.1.
 * @example
 * const gamma = layerScale('stages.0.blocks.0.gamma')
 */
export const layerScale = (name: string, options: LayerScaleOptions = {}): LayerScaleLayer => {
  const { tensor } = layerScaleOptions.read(options, `layerScale ${JSON.stringify(name)}`)
  const { tensor: _, ...placement } = options
  return { type: 'layerScale', name, ...kept(placement), ...(tensor === 'image' ? { tensor } : {}) }
}

/**
 * exp(xᵢ) / Σⱼ exp(xⱼ) over the channels at the same place of each part: channel c of part r, of parts of k channels, is
 * r·k + c. Without `parts` the sum is over all channels of a pixel, or of a vector. Split attention weighs its branches by it.
 *
 * Source: Zhang et al., "ResNeSt: Split-Attention Networks", CVPR Workshops 2022, eq. 3.
 * @example
 * const probabilities = softmax()
 * const sharesOfTwo = softmax({ parts: 2 })
 */
export const softmax = (options: SoftmaxOptions = {}): SoftmaxLayer => {
  softmaxOptions.read(options)
  return { type: 'softmax', ...kept(options) }
}

/**
 * The largest number, or the mean, of the channels at the same place of each part: of parts of k channels, channel c of part r is
 * r·k + c, and the output has k channels. Without `parts` it is that of all channels. The gradient of the largest of equal
 * numbers goes to one of them.
 *
 * Source: Goodfellow et al., "Maxout Networks", ICML 2013; Woo et al., "CBAM: Convolutional Block Attention Module", ECCV 2018.
 * @example
 * const brightest = poolChannels({ of: 'max' })
 * const maxout = poolChannels({ of: 'max', parts: 2 })
 */
export const poolChannels = (options: PoolChannelsOptions = {}): PoolChannelsLayer => {
  const { of } = poolChannelsOptions.read(options)
  return { type: 'poolChannels', ...kept(options), of }
}
