// What layers take. How a layer fits into its network is checked by `architecture`, which knows the shapes.
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, list, number, positive, whole } from '../../dsl/options/kinds.js'
import { meanBounds, stdBounds, unitsMeant } from './normalisationUnits.js'
import { idField, placementFields } from './placement.js'

/** The numbers of a normalisation, in units of images in [0, 1]. */
export const normalisationFields = {
  /** Mean of each channel, in [0, 1]. */
  mean: list(number(meanBounds, { meant: unitsMeant }), { least: 1 }),
  /** Standard deviation of each channel, in [0.0039, 1]. */
  std: list(number(stdBounds, { meant: unitsMeant }), { least: 1 }),
}

/** What {@link normalize} takes. */
export const normalizeOptions = declareOptions('normalize', { ...idField, ...normalisationFields })

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

/** What {@link linear} takes. */
export const linearOptions = declareOptions('linear', {
  ...placementFields,
  /** Number of outputs, ≥ 1. */
  out: whole(1),
})

/** Options of {@link linear}. */
export interface LinearOptions extends OptionsOf<typeof linearOptions> {}

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

/** What {@link flatten} takes. */
export const flattenOptions = declareOptions('flatten', {
  ...placementFields,
  /**
   * `channels`: PyTorch's order, channel by channel, so that the vector can be joined to others. `any`: one that only the
   * weights of a linear layer depend on, and that costs nothing. @default 'any'
   */
  order: choice(['any', 'channels']).default('any'),
})

/** Options of {@link flatten}. */
export interface FlattenOptions extends OptionsOf<typeof flattenOptions> {}

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

/** What {@link layerScale} takes. */
export const layerScaleOptions = declareOptions('layerScale', {
  ...placementFields,
  /** The shape of its tensor in PyTorch: [channels], as timm's, or [channels, 1, 1], as torchvision's. @default 'channels' */
  tensor: choice(['channels', 'image']).default('channels'),
})

/** Options of {@link layerScale}. */
export interface LayerScaleOptions extends OptionsOf<typeof layerScaleOptions> {}

/** What {@link fakeQuantize} takes. */
export const fakeQuantizeOptions = declareOptions('fakeQuantize', {
  ...placementFields,
  /** Distance of neighbouring numbers, > 0: one for all, or one for each channel. */
  scale: list(positive(), { least: 1 }),
  /** The integer that stands for 0, within the range of the integers; as many as scales. */
  zeroPoint: list(whole(-128, { most: 255 }), { least: 1 }),
  /** The integers: `uint8` 0 to 255, `int8` −128 to 127, `uint7` 0 to 127. @default 'uint8' */
  integers: choice(['uint8', 'int8', 'uint7']).default('uint8'),
})

/** Options of {@link fakeQuantize}. */
export interface FakeQuantizeOptions extends OptionsOf<typeof fakeQuantizeOptions> {}

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

/** What {@link crossCovariance} takes besides its inputs. */
export const crossCovarianceOptions = declareOptions('crossCovariance', {
  ...idField,
  /** Number of heads: a divisor of the number of channels, ≥ 1. */
  heads: whole(1),
})

/** Options of {@link crossCovariance}. */
export interface CrossCovarianceOptions extends OptionsOf<typeof crossCovarianceOptions> {}

/** What {@link fourierPositions} takes. */
export const fourierPositionsOptions = declareOptions('fourierPositions', {
  ...placementFields,
  /** Number of sines and cosines of each pixel's place, a multiple of 4, ≥ 4. @default 64 */
  features: whole(4).default(64),
})

/** Options of {@link fourierPositions}. */
export interface FourierPositionsOptions extends OptionsOf<typeof fourierPositionsOptions> {}

/** What {@link unitNorm} takes. */
export const unitNormOptions = declareOptions('unitNorm', {
  ...placementFields,
  /** What has length 1: the channels of each pixel, or the pixels of each channel. @default 'channels' */
  over: choice(['channels', 'pixels']).default('channels'),
})

/** Options of {@link unitNorm}. */
export interface UnitNormOptions extends OptionsOf<typeof unitNormOptions> {}

/** What {@link softmax} takes. */
export const softmaxOptions = declareOptions('softmax', {
  ...placementFields,
  /** Number of parts of the channels, ≥ 1, each as large as the others. @default one for each channel */
  parts: whole(1).optional('one for each channel'),
})

/** Options of {@link softmax}. */
export interface SoftmaxOptions extends OptionsOf<typeof softmaxOptions> {}

/** What {@link poolChannels} takes. */
export const poolChannelsOptions = declareOptions('poolChannels', {
  ...placementFields,
  /** The largest number, or the mean. @default 'max' */
  of: choice(['max', 'mean']).default('max'),
  /** Number of parts of the channels, ≥ 1, each as large as the others. @default one for each channel */
  parts: whole(1).optional('one for each channel'),
})

/** Options of {@link poolChannels}. */
export interface PoolChannelsOptions extends OptionsOf<typeof poolChannelsOptions> {}

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
