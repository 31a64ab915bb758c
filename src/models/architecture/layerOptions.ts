// What layers take. How a layer fits into its network is checked by `architecture`, which knows the shapes.
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, flag, list, number, positive, text, whole } from '../../dsl/options/kinds.js'
import { pixels } from '../../dsl/options/pixels.js'
import { meanBounds, stdBounds, unitsMeant } from './normalisationUnits.js'

const idField = {
  /** The id by which later layers refer to this one. @default the name, or a generated id if the layer has no name */
  id: text('the id of a layer').optional('the name, or a generated id'),
}

const placementFields = {
  ...idField,
  /** Ids of the layers whose outputs it reads. @default the layer before it; the network's input for the first layer */
  inputs: list(text('the id of a layer')).optional('the layer before it'),
}

/** Where a layer stands: what layers without options of their own take. */
export const placementOptions = declareOptions('layer', placementFields)

/** The id of a layer whose inputs are an argument. */
export const idOptions = declareOptions('layer', idField)

/** The numbers of a normalisation, in units of images in [0, 1]. */
export const normalisationFields = {
  /** Mean of each channel, in [0, 1]. */
  mean: list(number(meanBounds, { meant: unitsMeant }), { least: 1 }),
  /** Standard deviation of each channel, in [0.0039, 1]. */
  std: list(number(stdBounds, { meant: unitsMeant }), { least: 1 }),
}

/** What {@link normalize} takes. */
export const normalizeOptions = declareOptions('normalize', { ...idField, ...normalisationFields })

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

const epsilon = positive().default(1e-5)

/** What {@link layerNorm} takes. */
export const layerNormOptions = declareOptions('layerNorm', {
  ...placementFields,
  /** ε > 0, in units of the variance. @default 1e-5 */
  epsilon,
})

/** Options of {@link layerNorm}. */
export interface LayerNormOptions extends OptionsOf<typeof layerNormOptions> {}

/** What {@link groupNorm} takes. */
export const groupNormOptions = declareOptions('groupNorm', {
  ...placementFields,
  /** Groups of consecutive channels, ≥ 1: a divisor of the number of channels. */
  groups: whole(1),
  /** ε > 0, in units of the variance. @default 1e-5 */
  epsilon,
})

/** Options of {@link groupNorm}. */
export interface GroupNormOptions extends OptionsOf<typeof groupNormOptions> {}

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

/** What {@link linear} takes. */
export const linearOptions = declareOptions('linear', {
  ...placementFields,
  /** Number of outputs, ≥ 1. */
  out: whole(1),
})

/** Options of {@link linear}. */
export interface LinearOptions extends OptionsOf<typeof linearOptions> {}

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
  /** Rows and columns of the output, or [rows, columns], each a divisor of the input's; 1 pools the whole image. @default 1 */
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

/** What {@link gelu} takes. */
export const geluOptions = declareOptions('gelu', {
  ...placementFields,
  /** 'tanh': Φ(x) by ½·(1 + tanh(√(2/π)·(x + 0.044715·x³))). @default 'none' */
  approximate: choice(['none', 'tanh']).default('none'),
})

/** Options of {@link gelu}. */
export interface GeluOptions extends OptionsOf<typeof geluOptions> {}

/** What {@link leakyRelu} takes. */
export const leakyReluOptions = declareOptions('leakyRelu', {
  ...placementFields,
  /** Slope for x < 0. @default 0.01 */
  slope: number().default(0.01),
})

/** Options of {@link leakyRelu}. */
export interface LeakyReluOptions extends OptionsOf<typeof leakyReluOptions> {}

/** What {@link prelu} takes. */
export const preluOptions = declareOptions('prelu', {
  ...placementFields,
  /** Whether all channels have one slope, or each its own. @default 'one' */
  slopes: choice(['one', 'each']).default('one'),
})

/** Options of {@link prelu}. */
export interface PreluOptions extends OptionsOf<typeof preluOptions> {}

/** What {@link elu} takes. */
export const eluOptions = declareOptions('elu', {
  ...placementFields,
  /** Minus the limit for x → −∞, > 0. @default 1 */
  alpha: positive().default(1),
})

/** Options of {@link elu}. */
export interface EluOptions extends OptionsOf<typeof eluOptions> {}

/** What {@link softplus} takes. */
export const softplusOptions = declareOptions('softplus', {
  ...placementFields,
  /** Steepness β > 0. @default 1 */
  beta: positive().default(1),
})

/** Options of {@link softplus}. */
export interface SoftplusOptions extends OptionsOf<typeof softplusOptions> {}

/** What {@link selectChannels} takes. */
export const selectChannelsOptions = declareOptions('selectChannels', {
  ...placementFields,
  /** For each channel of the output that of the input, from 0, each at most once; −1 for a channel of zeros. */
  channels: list(whole(-1, { unit: 'the index of a channel' }), { least: 1 }),
})

/** Options of {@link selectChannels}. */
export interface SelectChannelsOptions extends OptionsOf<typeof selectChannelsOptions> {}

/** What {@link scale} takes. */
export const scaleOptions = declareOptions('scale', {
  ...placementFields,
  /** The factor, a finite number. */
  factor: number(),
})

/** Options of {@link scale}. */
export interface ScaleOptions extends OptionsOf<typeof scaleOptions> {}

/** What {@link attention} takes besides its inputs. */
export const attentionOptions = declareOptions('attention', {
  ...idField,
  /** Number of heads: a divisor of the number of channels, ≥ 1. */
  heads: whole(1),
  /** Factor of the products of queries and keys, > 0. @default 1/√(channels of a head) */
  scale: positive().optional('1/√(channels of a head)'),
})

/** Options of {@link attention}. */
export interface AttentionOptions extends OptionsOf<typeof attentionOptions> {}

/** What {@link takeToken} takes. */
export const takeTokenOptions = declareOptions('takeToken', {
  ...placementFields,
  /** Index of the token, or of the pixel row by row, from 0. @default 0 */
  token: whole(0).default(0),
})

/** Options of {@link takeToken}. */
export interface TakeTokenOptions extends OptionsOf<typeof takeTokenOptions> {}

/** What {@link given} takes. */
export const givenOptions = declareOptions('given', {
  ...idField,
  /** Numbers per example: the width of the sampled code, or the number of classes; ≥ 1. */
  out: whole(1),
})
