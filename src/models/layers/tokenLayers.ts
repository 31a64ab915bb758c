// Layers of transformers besides attention between tokens, as data; see `tokens.ts` and `channelLayers.ts`.

import type { Placement } from './placement.js'

/** Numbers divided by their length: those of the channels of each pixel, or of the pixels of each channel. See `unitNorm`. */
export interface UnitNormLayer extends Placement {
  readonly type: 'unitNorm'
  readonly over: 'channels' | 'pixels'
}

/** Attention between channels of one head; inputs queries, keys, values. See `crossCovariance`. */
export interface CrossCovarianceLayer extends Placement {
  readonly type: 'crossCovariance'
  readonly name: string
  readonly inputs: readonly string[]
  /** Number of heads, each on its own run of channels, ≥ 1. */
  readonly heads: number
}

/** A learned combination of sines and cosines of each pixel's place, added; see `fourierPositions`. */
export interface FourierPositionsLayer extends Placement {
  readonly type: 'fourierPositions'
  readonly name: string
  /** Number of sines and cosines, a multiple of 4. */
  readonly features: number
}

/** Shares of the same channel in several parts of an image's channels, or of a vector; see `softmax`. */
export interface SoftmaxLayer extends Placement {
  readonly type: 'softmax'
  /** Number of parts of equal size; undefined for shares of all channels. */
  readonly parts?: number | undefined
}

/** The largest or the mean of the same channel in several parts of an image's channels, or of a vector; see `poolChannels`. */
export interface PoolChannelsLayer extends Placement {
  readonly type: 'poolChannels'
  readonly of: 'max' | 'mean'
  /** Number of parts of equal size; undefined for all channels. */
  readonly parts?: number | undefined
}

/** Each image with mean 0 and standard deviation 1; see `standardize`. */
export interface StandardizeLayer extends Placement {
  readonly type: 'standardize'
}
