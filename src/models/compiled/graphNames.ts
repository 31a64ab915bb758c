import type { GivenValue } from '../layers.js'

/** Names of what a run of a network's graphs feeds and fetches. Kernels go by their place in the order of execution. */
export const names = {
  images: 'images',
  /** The flat vector. */
  weights: 'weights',
  /** How many images each part has. */
  sizes: 'sizes',
  given: (value: GivenValue) => `given-${value}`,
  logits: 'logits',
  weightGradient: 'weight-gradient',
  imageGradient: 'image-gradient',
  logitsGradient: 'logits-gradient',
  /** The result of a kernel, for one part of the minibatch. */
  value: (kernel: number, part: number) => `value-${kernel}-${part}`,
  valueGradient: (kernel: number, part: number) => `value-gradient-${kernel}-${part}`,
  /** What a kernel's way there leaves besides its result. */
  saved: (kernel: number, name: string, part: number) => `saved-${kernel}-${name}-${part}`,
} as const
