import { countOf } from '../graph/tensor.js'
import type { ImagesAxis } from '../graph/value.js'

// A file that fixes the number of images has it as a factor of its shapes. What is moved is followed for one image, so the
// reader has to know where the others are.

/** Extents of one image's numbers as those of all images. */
export const withImages = (
  dims: readonly number[],
  images: ImagesAxis | undefined,
  batch: number | undefined,
): readonly number[] => dims.map((extent, axis) => (axis === images?.axis ? extent * (batch ?? 1) : extent))

/** Extents of one image's numbers, and where its images are. */
export interface OneImage {
  readonly dims: readonly number[]
  readonly images: ImagesAxis
}

/**
 * Numbers of all images in another shape, as those of one image.
 *
 * @param wanted the extents of all images' numbers, as many as before
 * @returns undefined if the images are no part of one axis
 */
export const reshapedImages = (
  dims: readonly number[],
  { axis, inner }: ImagesAxis,
  batch: number,
  wanted: readonly number[],
): OneImage | undefined => {
  // A number of the next image is so many places further.
  const step = inner * countOf(dims.slice(axis + 1))
  const own = wanted.findIndex((extent, i) => {
    const after = countOf(wanted.slice(i + 1))
    return after <= step && step % after === 0 && extent % ((batch * step) / after) === 0
  })
  if (own === -1) return undefined
  return {
    dims: wanted.map((extent, i) => (i === own ? extent / batch : extent)),
    images: { axis: own, inner: step / countOf(wanted.slice(own + 1)) },
  }
}
