// Layers of transformers. Tokens are the pixels of an image, row by row, and their embedding is its channels: so a linear
// layer on tokens is a convolution with a kernel of 1, and `layerNorm` is as it is.
import { given as kept } from '../../dsl/kit/given.js'
import type { AttentionLayer, ClassTokenLayer, PositionEmbeddingLayer, TakeTokenLayer } from './layer.js'
import { type AttentionOptions, attentionOptions, type TakeTokenOptions, takeTokenOptions } from './layerOptions.js'
import type { Placement } from './placement.js'
import { placementOptions } from './placement.js'

/**
 * softmax(scale·Q·Kᵀ)·V for each head, with a row for each pixel: the output has the pixels of the queries and the channels
 * of the values. Each head has its own run of consecutive channels. It has no parameters: those of
 * `torch.nn.MultiheadAttention` are the convolutions before and after it.
 *
 * Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, sec. 3.2.
 * @example
 * const heads = attention(['queries', 'keys', 'values'], { heads: 4 })
 */
export const attention = (inputs: readonly string[], options: AttentionOptions): AttentionLayer => {
  const { heads, scale } = attentionOptions.read(options)
  const { scale: _, ...placement } = options
  return { type: 'attention', inputs, ...kept(placement), heads, ...(scale === undefined ? {} : { scale }) }
}

/**
 * An image of h × w pixels as h·w + 1 tokens: a column of pixels, row by row, after a learned token, the tensor `name`.
 * Transformers for images compute their logits from it.
 *
 * Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021.
 */
export const classToken = (name: string, placement: Placement = {}): ClassTokenLayer => {
  placementOptions.read(placement, `classToken ${JSON.stringify(name)}`)
  return { type: 'classToken', name, ...kept(placement) }
}

/** x + a learned number for each pixel and channel, the tensor `name`, as a transformer's position embedding. */
export const positionEmbedding = (name: string, placement: Placement = {}): PositionEmbeddingLayer => {
  placementOptions.read(placement, `positionEmbedding ${JSON.stringify(name)}`)
  return { type: 'positionEmbedding', name, ...kept(placement) }
}

/** The channels of one token, or of one pixel, as a vector. */
export const takeToken = (options: TakeTokenOptions = {}): TakeTokenLayer => {
  const { token } = takeTokenOptions.read(options)
  const { token: _, ...placement } = options
  return { type: 'takeToken', ...kept(placement), token }
}
