// Layers of transformers. Tokens are the pixels of an image, row by row, and their embedding is its channels: so a linear
// layer on tokens is a convolution with a kernel of 1, and `layerNorm` is as it is.
import { given as kept } from '../../dsl/kit/given.js'
import type { AttentionLayer, ClassTokenLayer, PositionEmbeddingLayer, TakeTokenLayer } from './layer.js'
import {
  type AttentionOptions,
  attentionOptions,
  type CrossCovarianceOptions,
  crossCovarianceOptions,
  type FourierPositionsOptions,
  fourierPositionsOptions,
  type TakeTokenOptions,
  takeTokenOptions,
} from './layerOptions.js'
import type { Placement } from './placement.js'
import { placementOptions } from './placement.js'
import type { CrossCovarianceLayer, FourierPositionsLayer } from './tokenLayers.js'

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
 * softmax(t·Q·Kᵀ)·V for each head, where Q, K and V have a row for each channel of the head, of its numbers at all pixels.
 * So channels attend to channels, and the cost grows with the number of pixels, not with its square. The factor t of each
 * head, the tensor `name`, is learned. In the source, queries and keys have length 1: see `unitNorm`.
 *
 * Source: El-Nouby et al., "XCiT: Cross-Covariance Image Transformers", NeurIPS 2021, sec. 3.2.
 * @example
 * const mixed = crossCovariance('attn.temperature', ['queries', 'keys', 'values'], { heads: 4 })
 */
export const crossCovariance = (
  name: string,
  inputs: readonly string[],
  options: CrossCovarianceOptions,
): CrossCovarianceLayer => {
  const { heads } = crossCovarianceOptions.read(options, `crossCovariance ${JSON.stringify(name)}`)
  return { type: 'crossCovariance', name, inputs, ...kept(options), heads }
}

/**
 * x + W·F + b, where F are sines and cosines of each pixel's row and column: position embeddings for images of any size. W and
 * b are `<name>.weight` and `<name>.bias`, those of a 1 × 1 convolution of F.
 *
 * Feature i of the first half is sin(2π·r/(h·10000^(2⌊i/2⌋/k))) for an even i, and the cosine of the same for an odd one,
 * with the row r from 1 to h and k features in each half; the second half has columns for rows.
 *
 * Source: El-Nouby et al., "XCiT: Cross-Covariance Image Transformers", NeurIPS 2021, sec. 3.3.
 */
export const fourierPositions = (name: string, options: FourierPositionsOptions = {}): FourierPositionsLayer => {
  const { features } = fourierPositionsOptions.read(options, `fourierPositions ${JSON.stringify(name)}`)
  return { type: 'fourierPositions', name, ...kept(options), features }
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
