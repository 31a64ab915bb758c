import type { GivenValue } from '../layers/layer.js'

/** Names of the tensors that runs of a network's graphs feed and fetch. `kernel` is an index into `executionOf`. */
export const names = {
  images: 'images',
  /** The flat vector of parameters. */
  weights: 'weights',
  /** The number of images in each part. */
  sizes: 'sizes',
  given: (value: GivenValue) => `given-${value}`,
  logits: 'logits',
  weightGradient: 'weight-gradient',
  imageGradient: 'image-gradient',
  logitsGradient: 'logits-gradient',
  /** The result of a kernel, for one part of the minibatch. */
  value: (kernel: number, part: number) => `value-${kernel}-${part}`,
  valueGradient: (kernel: number, part: number) => `value-gradient-${kernel}-${part}`,
  /** What the forward pass of a kernel keeps besides its result. */
  saved: (kernel: number, name: string, part: number) => `saved-${kernel}-${name}-${part}`,
} as const
