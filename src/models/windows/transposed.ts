import { type Pair, pairOf } from '../../dsl/kit/extent.js'
import type { NodeShape } from '../architecture/shapes.js'
import type { Conv2dLayer, ConvTranspose2dLayer, Sides } from '../layers/windowLayers.js'

type Image = Extract<NodeShape, { readonly kind: 'image' }>

/**
 * A transposed convolution as a convolution: its input with zeros after each pixel, padded, and its kernel reversed along
 * both axes.
 */
export interface Transposed {
  /** The input has a pixel and then zeros in every so many rows and columns. */
  readonly spacing: Pair
  /** The size with these zeros. */
  readonly spaced: Image
  /** Zeros to add at each side after that. */
  readonly added: Sides
  /** Pixels to take away at each side after that. */
  readonly cut: Sides
  /** What the convolution reads. */
  readonly seen: Image
  /** The convolution, which takes the reversed kernel. */
  readonly layer: Conv2dLayer
}

/**
 * The convolution that a transposed one is.
 *
 * Source: Dumoulin, Visin, "A guide to convolution arithmetic for deep learning", 2016, relationship 14.
 *
 * @throws Error if the input is not an image, which is a defect of this package
 */
export const transposedOf = (given: ConvTranspose2dLayer, shape: NodeShape | undefined): Transposed => {
  if (shape?.kind !== 'image') throw new Error(`"${given.name}" has no image`)
  const { name, out, kernel, bias, groups, dilation, inputs } = given
  const spacing = pairOf(given.stride)
  const [[top, bottom], [left, right]] = [zerosAlong(given, 0), zerosAlong(given, 1)]
  const spaced = { ...shape, height: shape.height * spacing[0], width: shape.width * spacing[1] }
  const each = (of: (zeros: number) => number): Sides => ({
    top: of(top),
    bottom: of(bottom),
    left: of(left),
    right: of(right),
  })
  return {
    spacing,
    spaced,
    added: each((zeros) => Math.max(0, zeros)),
    cut: each((zeros) => Math.max(0, -zeros)),
    seen: { ...spaced, height: top + spaced.height + bottom, width: left + spaced.width + right },
    layer: {
      type: 'conv2d',
      name,
      out,
      kernel,
      stride: 1,
      padding: 0,
      bias,
      groups,
      dilation,
      ...(inputs ? { inputs } : {}),
    },
  }
}

/** Zeros before the first and after the last pixel along an axis; fewer than 0 take pixels away. */
const zerosAlong = (
  { kernel, stride, padding, outputPadding = 0, dilation = 1 }: ConvTranspose2dLayer,
  axis: 0 | 1,
): Pair => {
  const before = pairOf(dilation)[axis] * (pairOf(kernel)[axis] - 1) - pairOf(padding)[axis]
  // The zeros after the last pixel are there already.
  return [before, before + pairOf(outputPadding)[axis] - (pairOf(stride)[axis] - 1)]
}
