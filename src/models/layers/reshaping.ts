// Layers that move the numbers of activations, or leave some out, as data.
import { given as kept } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { type Placement, placementFields } from './placement.js'
import type { Sides } from './windowLayers.js'

/** Which numbers of an image follow each other in a vector: those of a channel, or those of a pixel. */
export type FeatureOrder = 'channels' | 'pixels'

/** A vector as an image; see `unflatten`. */
export interface UnflattenLayer extends Placement {
  readonly type: 'unflatten'
  /** Rows of the image, ≥ 1. */
  readonly height: number
  /** Columns of the image, ≥ 1. */
  readonly width: number
  /** Channels of the image, ≥ 1. */
  readonly channels: number
  readonly order: FeatureOrder
}

/** An image without some rows and columns at its sides; see `crop2d`. */
export interface Crop2dLayer extends Placement, Sides {
  readonly type: 'crop2d'
}

const extent = whole(1, { unit: 'pixels' })

/** What {@link unflatten} takes. */
export const unflattenOptions = declareOptions('unflatten', {
  ...placementFields,
  /** Channels of the image, ≥ 1. */
  channels: whole(1),
  /** Rows of the image, ≥ 1. @default 1 */
  height: extent.default(1),
  /** Columns of the image, ≥ 1. @default 1 */
  width: extent.default(1),
  /** Which numbers follow each other: `channels`, those of a channel, as in PyTorch; `pixels`, those of a token. @default 'channels' */
  order: choice(['channels', 'pixels']).default('channels'),
})

/** Options of {@link unflatten}. */
export interface UnflattenOptions extends OptionsOf<typeof unflattenOptions> {}

/**
 * A vector as an image, as `torch.nn.Unflatten(1, (channels, height, width))`. With order `pixels` it is a list of tokens, of
 * `channels` numbers each.
 *
 * @example
 * const tokens = unflatten({ channels: 36, height: 4, order: 'pixels' })
 */
export const unflatten = (options: UnflattenOptions): UnflattenLayer => {
  const { channels, height, width, order, ...placement } = unflattenOptions.read(options)
  return { type: 'unflatten', ...kept(placement), height, width, channels, order }
}

const side = whole(0, { unit: 'pixels' })

/** What {@link crop2d} takes. */
export const crop2dOptions = declareOptions('crop2d', {
  ...placementFields,
  /** Rows taken away above, ≥ 0. @default 0 */
  top: side.default(0),
  /** Rows taken away below, ≥ 0. @default 0 */
  bottom: side.default(0),
  /** Columns taken away on the left, ≥ 0. @default 0 */
  left: side.default(0),
  /** Columns taken away on the right, ≥ 0. @default 0 */
  right: side.default(0),
})

/** Options of {@link crop2d}. */
export interface Crop2dOptions extends OptionsOf<typeof crop2dOptions> {}

/**
 * An image without rows and columns at its sides, as `torch.nn.functional.pad` with negative numbers. On tokens it takes the
 * first or the last ones away.
 *
 * @example
 * const withoutClassToken = crop2d({ top: 1 })
 */
export const crop2d = (options: Crop2dOptions): Crop2dLayer => {
  const { top, bottom, left, right, ...placement } = crop2dOptions.read(options)
  return { type: 'crop2d', ...kept(placement), top, bottom, left, right }
}
