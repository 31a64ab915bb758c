// What convolutions, pooling and padding take.
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, flag, number, whole } from '../../dsl/options/kinds.js'
import { pixels } from '../../dsl/options/pixels.js'
import { placementFields } from './placement.js'

const convolutionFields = {
  ...placementFields,
  /** Number of output channels, ≥ 1. */
  out: whole(1, { unit: 'channels' }),
  /** Taps along both axes, or [height, width], ≥ 1. */
  kernel: pixels(1),
  /** In pixels, or [height, width], ≥ 1. @default 1 */
  stride: pixels(1).default(1),
  /** Zeros added on each side, in pixels, or [top and bottom, left and right], ≥ 0. @default 0 */
  padding: pixels(0).default(0),
  /** Distance of neighbouring taps, in pixels, or [height, width], ≥ 1. @default 1 */
  dilation: pixels(1).default(1),
  /** Whether a learned number is added to each output channel. @default 'learned' */
  bias: choice(['learned', 'none']).default('learned'),
  /** A divisor of the number of input channels and of `out`. @default 1 */
  groups: whole(1).default(1),
}

/** What {@link conv2d} takes. */
export const conv2dOptions = declareOptions('conv2d', convolutionFields)

/** Options of {@link conv2d}. */
export interface Conv2dOptions extends OptionsOf<typeof conv2dOptions> {}

/** What {@link convTranspose2d} takes. */
export const convTranspose2dOptions = declareOptions('convTranspose2d', {
  ...convolutionFields,
  /** Pixels cut off on each side, or [top and bottom, left and right], ≥ 0. @default 0 */
  padding: pixels(0).default(0),
  /** Pixels added at the bottom and on the right, or [bottom, right], ≥ 0, less than the stride or the dilation. @default 0 */
  outputPadding: pixels(0).default(0),
})

/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dOptions extends OptionsOf<typeof convTranspose2dOptions> {}

const poolFields = {
  ...placementFields,
  /** Side of the window, in pixels, or [height, width], ≥ 1. */
  kernel: pixels(1),
  /** In pixels, or [height, width], ≥ 1. @default the kernel */
  stride: pixels(1).optional('the kernel'),
  /** Pixels added on each side, or [top and bottom, left and right], ≥ 0 and at most half the kernel. @default 0 */
  padding: pixels(0).default(0),
  /** Whether a window that exceeds the padded image at the bottom or on the right is kept. @default false */
  ceilMode: flag().default(false),
}

/** What {@link maxPool2d} takes. */
export const maxPool2dOptions = declareOptions('maxPool2d', poolFields)

/** What {@link avgPool2d} takes. */
export const avgPool2dOptions = declareOptions('avgPool2d', {
  ...poolFields,
  /** Whether the mean is over the zeros of the padding, too. @default true */
  countIncludePad: flag().default(true),
})

/** Options of {@link maxPool2d}. */
export interface MaxPool2dOptions extends OptionsOf<typeof maxPool2dOptions> {}

/** Options of {@link avgPool2d}. */
export interface AvgPool2dOptions extends OptionsOf<typeof avgPool2dOptions> {}

/** What {@link adaptiveAvgPool2d} and {@link adaptiveMaxPool2d} take. */
export const adaptivePool2dOptions = declareOptions('adaptivePool2d', {
  ...placementFields,
  /** Rows and columns of the output, or [rows, columns]; 1 pools the whole image. @default 1 */
  out: pixels(1).default(1),
})

/** Options of {@link adaptiveAvgPool2d} and {@link adaptiveMaxPool2d}. */
export interface AdaptivePool2dOptions extends OptionsOf<typeof adaptivePool2dOptions> {}

const side = whole(0, { unit: 'pixels' })

/** What {@link pad2d} takes. */
export const pad2dOptions = declareOptions('pad2d', {
  ...placementFields,
  /** Rows added above, ≥ 0. @default 0 */
  top: side.default(0),
  /** Rows added below, ≥ 0. @default 0 */
  bottom: side.default(0),
  /** Columns added on the left, ≥ 0. @default 0 */
  left: side.default(0),
  /** Columns added on the right, ≥ 0. @default 0 */
  right: side.default(0),
  /** What the added pixels hold: a number, or those of the image next to its edge, at its edge, or at the opposite side. @default 'constant' */
  mode: choice(['constant', 'reflect', 'replicate', 'circular']).default('constant'),
  /** The number in the added pixels, if their mode is 'constant'. @default 0 */
  value: number().default(0),
})

/** Options of {@link pad2d}. */
export interface Pad2dOptions extends OptionsOf<typeof pad2dOptions> {}
