// Layers whose outputs each see a window of an image, as data.
import type { Extent } from '../../dsl/kit/extent.js'
import type { Placement } from './placement.js'

/** A convolution: ⌊(size + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1 pixels along an axis; see `conv2d`. */
export interface Conv2dLayer extends Placement {
  readonly type: 'conv2d'
  readonly name: string
  /** Number of output channels, ≥ 1. */
  readonly out: number
  /** Taps along each axis, ≥ 1. */
  readonly kernel: Extent
  /** In pixels, ≥ 1. */
  readonly stride: Extent
  /** Zeros added at both ends of each axis, in pixels, ≥ 0. */
  readonly padding: Extent
  /** Distance of neighbouring taps, in pixels, ≥ 1. @default 1 */
  readonly dilation?: Extent | undefined
  /** Whether a learned number is added to each output channel; before a batch normalisation it has no effect. */
  readonly bias: 'learned' | 'none'
  /** Groups of consecutive channels: each group of outputs reads its own group of inputs. @default 1 */
  readonly groups?: number | undefined
}

/**
 * A transposed convolution, of (size − 1)·stride − 2·padding + dilation·(kernel − 1) + 1 + outputPadding pixels along an
 * axis; see `convTranspose2d`.
 */
export interface ConvTranspose2dLayer extends Placement {
  readonly type: 'convTranspose2d'
  readonly name: string
  /** Number of output channels, ≥ 1. */
  readonly out: number
  /** Taps along each axis, ≥ 1. */
  readonly kernel: Extent
  /** Pixels of the output from one pixel of the input to the next, ≥ 1. */
  readonly stride: Extent
  /** Pixels that are cut off at both ends of each axis, ≥ 0. */
  readonly padding: Extent
  /** Pixels added at the bottom and on the right, ≥ 0, less than the stride or the dilation. @default 0 */
  readonly outputPadding?: Extent | undefined
  /** Distance of neighbouring taps, in pixels, ≥ 1. @default 1 */
  readonly dilation?: Extent | undefined
  /** Whether a learned number is added to each output channel; before a batch normalisation it has no effect. */
  readonly bias: 'learned' | 'none'
  /** Groups of consecutive channels: each group of outputs reads its own group of inputs. @default 1 */
  readonly groups?: number | undefined
}

/** The windows of a pooling layer. */
export interface PoolWindows {
  /** Sides of the window, in pixels, ≥ 1. */
  readonly kernel: Extent
  /** In pixels, ≥ 1. */
  readonly stride: Extent
  /** Pixels added at both ends of each axis, ≥ 0 and at most half the kernel. @default 0 */
  readonly padding?: Extent | undefined
  /** Whether a window that exceeds the padded image at the bottom or on the right is kept. @default false */
  readonly ceilMode?: boolean | undefined
}

/** The largest value of each window and channel; see `maxPool2d`. */
export interface MaxPool2dLayer extends Placement, PoolWindows {
  readonly type: 'maxPool2d'
}

/** The mean of each window and channel; see `avgPool2d`. */
export interface AvgPool2dLayer extends Placement, PoolWindows {
  readonly type: 'avgPool2d'
  /** Whether the mean is over the zeros of the padding, too. @default true */
  readonly countIncludePad?: boolean | undefined
}

/** Pooling to a number of cells: `architecture` makes it the pooling layer whose windows fit its input. */
export interface AdaptivePool2dLayer extends Placement {
  readonly type: 'adaptivePool2d'
  readonly of: 'maxPool2d' | 'avgPool2d'
  /** Rows and columns of the output, each a divisor of the input's. */
  readonly out: Extent
}

/** Pixels that are added at each side of an image. */
export interface Sides {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/** Which pixels of an image are added at its sides: those next to its edge, its edge, or those of the opposite side. */
export type PadMode = 'reflect' | 'replicate' | 'circular'

/** An image with more pixels at chosen sides; see `pad2d`. */
export interface Pad2dLayer extends Placement, Sides {
  readonly type: 'pad2d'
  /** Which pixels are added. @default the number `value` in each */
  readonly mode?: PadMode | undefined
  /** The number in the added pixels. @default 0 */
  readonly value?: number | undefined
}
