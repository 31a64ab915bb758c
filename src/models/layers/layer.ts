/**
 * Layers as data: plain records that say what a layer is, not how it runs. Types follow PyTorch's modules. The name of
 * a layer with parameters is its prefix in the state dict: `fc1` has `fc1.weight` and `fc1.bias`.
 */

import type { Nonlinearity } from '../activations/nonlinearity.js'
import type { Placement } from './placement.js'
import type { Crop2dLayer, UnflattenLayer } from './reshaping.js'
import type { Resize2dLayer } from './resizing.js'
import type {
  CrossCovarianceLayer,
  FourierPositionsLayer,
  PoolChannelsLayer,
  SoftmaxLayer,
  StandardizeLayer,
  UnitNormLayer,
} from './tokenLayers.js'
import type { AvgPool2dLayer, Conv2dLayer, ConvTranspose2dLayer, MaxPool2dLayer, Pad2dLayer } from './windowLayers.js'

/** A mean and a standard deviation for each channel of an image with pixel values in [0, 1]. */
export interface Normalisation {
  /** One number per channel, in [0, 1]. */
  readonly mean: readonly number[]
  /** One number per channel, in [0.0039, 1]. */
  readonly std: readonly number[]
}

/** (x − mean) / std of each channel, with constants; see `normalize`. */
export interface NormalizeLayer extends Placement, Normalisation {
  readonly type: 'normalize'
}

/** Batch normalisation of each channel of an image, or of each feature of a vector; see `batchNorm2d`. */
export interface BatchNorm2dLayer extends Placement {
  readonly type: 'batchNorm2d'
  readonly name: string
}

/** Normalisation of each pixel, or of a vector, over all its channels; the shape stays. See `layerNorm`. */
export interface LayerNormLayer extends Placement {
  readonly type: 'layerNorm'
  readonly name: string
  /** ε > 0, in units of the variance. @default 1e-5 */
  readonly epsilon?: number | undefined
}

/** Normalisation of each group of channels over all pixels; the image keeps its size. See `groupNorm`. */
export interface GroupNormLayer extends Placement {
  readonly type: 'groupNorm'
  readonly name: string
  /** Groups of consecutive channels, ≥ 1. */
  readonly groups: number
  /** ε > 0, in units of the variance. @default 1e-5 */
  readonly epsilon?: number | undefined
}

/** A learned scale and shift of each channel of an image, or of each feature of a vector; see `affine2d`. */
export interface Affine2dLayer extends Placement {
  readonly type: 'affine2d'
  readonly name: string
}

/** A learned number for each channel, or for each feature of a vector, as a factor; see `layerScale`. */
export interface LayerScaleLayer extends Placement {
  readonly type: 'layerScale'
  /** Of the tensor itself: `features.1.0.layer_scale`. */
  readonly name: string
  /** Whether the tensor has shape [channels], or [channels, 1, 1]. @default 'channels' */
  readonly tensor?: 'image' | undefined
}

/** A fully connected layer: a vector to a vector of `out` numbers; see `linear`. */
export interface LinearLayer extends Placement {
  readonly type: 'linear'
  readonly name: string
  /** Number of outputs, ≥ 1. */
  readonly out: number
}

/** max(0, x); the shape stays. See `relu`. */
export interface ReluLayer extends Placement {
  readonly type: 'relu'
}

/** An element-wise function such as SiLU; the shape stays. See `silu`, `gelu` and the like. */
export interface ActivationLayer extends Placement {
  readonly type: 'activation'
  readonly function: Nonlinearity
}

/** x for x > 0, else a·x with a learned slope a; the shape stays. See `prelu`. */
export interface PreluLayer extends Placement {
  readonly type: 'prelu'
  readonly name: string
  /** Whether all channels have one slope, or each its own. */
  readonly slopes: 'one' | 'each'
}

/** An image as a vector of height·width·channels numbers; see `flatten`. */
export interface FlattenLayer extends Placement {
  readonly type: 'flatten'
  /** Whether its order is PyTorch's, channel by channel. @default an order that only weights after it depend on */
  readonly order?: 'channels' | undefined
}

/** The sum of two or more inputs of the same shape; see `add`. */
export interface AddLayer extends Placement {
  readonly type: 'add'
  readonly inputs: readonly string[]
}

/** The channels of two or more images of the same size one after the other; or the numbers of vectors. See `concat`. */
export interface ConcatLayer extends Placement {
  readonly type: 'concat'
  readonly inputs: readonly string[]
}

/** Some channels of an image in any order, and channels of zeros; or so of a vector's numbers. See `selectChannels`. */
export interface SelectChannelsLayer extends Placement {
  readonly type: 'selectChannels'
  /** For each channel of the output that of the input, from 0, each at most once; −1 for zeros. */
  readonly channels: readonly number[]
}

/** The product of two inputs, one of which may have one number per channel or per pixel; see `multiply`. */
export interface MultiplyLayer extends Placement {
  readonly type: 'multiply'
  readonly inputs: readonly string[]
}

/** factor·x; the shape stays. See `scale`. */
export interface ScaleLayer extends Placement {
  readonly type: 'scale'
  readonly factor: number
}

/** The integers that 8-bit networks compute with: 0 to 255, −128 to 127, or 0 to 127. */
export type EightBits = 'uint8' | 'int8' | 'uint7'

/** (clip(round(x / scale) + zero point) − zero point)·scale; the shape stays. See `fakeQuantize`. */
export interface FakeQuantizeLayer extends Placement {
  readonly type: 'fakeQuantize'
  /** > 0: one number, or one for each channel. */
  readonly scale: readonly number[]
  /** The integer that stands for 0, within the range of the integers; as many as scales. */
  readonly zeroPoint: readonly number[]
  readonly integers: EightBits
}

/** Multi-head attention between the pixels of images, such as tokens; inputs queries, keys, values. See `attention`. */
export interface AttentionLayer extends Placement {
  readonly type: 'attention'
  readonly inputs: readonly string[]
  /** Number of heads, each on its own run of channels, ≥ 1. */
  readonly heads: number
  /** Factor of the products of queries and keys. @default 1/√(channels of a head) */
  readonly scale?: number | undefined
}

/** An image as a column of tokens, one for each pixel, after a learned one; see `classToken`. */
export interface ClassTokenLayer extends Placement {
  readonly type: 'classToken'
  readonly name: string
}

/** A learned number for each pixel and channel, added; see `positionEmbedding`. */
export interface PositionEmbeddingLayer extends Placement {
  readonly type: 'positionEmbedding'
  readonly name: string
}

/** The channels of one pixel as a vector; see `takeToken`. */
export interface TakeTokenLayer extends Placement {
  readonly type: 'takeToken'
  /** Index of the pixel, row by row, ≥ 0. */
  readonly token: number
}

/** A value that only training provides and that does not depend on the images. */
export type GivenValue = 'noise' | 'labels'

/** A vector of `out` numbers from outside the network; see `given`. */
export interface GivenLayer extends Placement {
  readonly type: 'given'
  readonly value: GivenValue
  /** Numbers per example: the width of the sampled code, or the number of classes. */
  readonly out: number
  readonly inputs: readonly string[]
}

/** A sample of a Gaussian with the inputs' mean and variance, as wide as the mean; see `sample`. */
export interface SampleLayer extends Placement {
  readonly type: 'sample'
  readonly inputs: readonly string[]
}

/** One node of a network, as data; made by `conv2d`, `linear` and the like. */
export type Layer =
  | NormalizeLayer
  | Conv2dLayer
  | ConvTranspose2dLayer
  | BatchNorm2dLayer
  | LayerNormLayer
  | GroupNormLayer
  | Affine2dLayer
  | LayerScaleLayer
  | LinearLayer
  | ReluLayer
  | ActivationLayer
  | PreluLayer
  | MaxPool2dLayer
  | AvgPool2dLayer
  | Pad2dLayer
  | Crop2dLayer
  | Resize2dLayer
  | FlattenLayer
  | UnflattenLayer
  | AddLayer
  | ConcatLayer
  | SelectChannelsLayer
  | MultiplyLayer
  | ScaleLayer
  | FakeQuantizeLayer
  | AttentionLayer
  | ClassTokenLayer
  | PositionEmbeddingLayer
  | TakeTokenLayer
  | UnitNormLayer
  | CrossCovarianceLayer
  | FourierPositionsLayer
  | SoftmaxLayer
  | PoolChannelsLayer
  | StandardizeLayer
  | GivenLayer
  | SampleLayer
