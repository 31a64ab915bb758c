import type { ImageShape } from '../../dsl/dataset.js'

/** The shape of one example's activations: an image, or a vector, with the image it was flattened from if any. */
export type Shape =
  | ({ readonly kind: 'image' } & ImageShape)
  | { readonly kind: 'vector'; readonly features: number; readonly flattenedFrom?: ImageShape }

/** Whether files list the numbers of a value in the same order as layers here: not the pixels of a flattened image. */
export const isListed = (shape: Shape): boolean =>
  shape.kind === 'image' || shape.flattenedFrom === undefined || shape.flattenedFrom.channels === shape.features

/** Whether a value has one number for each channel of an image. */
export const isPerChannel = (value: Shape, image: Shape): boolean =>
  image.kind === 'image' &&
  (value.kind === 'image'
    ? value.height === 1 && value.width === 1 && value.channels === image.channels
    : isListed(value) && value.features === image.channels)

const isPerPixel = (value: Shape, image: Shape): boolean =>
  image.kind === 'image' &&
  value.kind === 'image' &&
  value.channels === 1 &&
  value.height === image.height &&
  value.width === image.width

/** Whether a value has one number for each channel of an image, or for each of its pixels: a product spreads it. */
export const isSpreadOver = (value: Shape, image: Shape): boolean =>
  isPerChannel(value, image) || isPerPixel(value, image)
