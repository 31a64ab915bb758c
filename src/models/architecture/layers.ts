/**
 * Layers as data: plain records that say what a layer is, not how it runs. Types follow PyTorch's modules. The name of
 * a layer with parameters is its prefix in the state dict: `fc1` has `fc1.weight` and `fc1.bias`.
 */

import { given as kept } from '../../dsl/kit/given.js'
import {
  avgPool2dOptions,
  type Conv2dOptions,
  conv2dOptions,
  givenOptions,
  idOptions,
  type LinearOptions,
  linearOptions,
  maxPool2dOptions,
  normalizeOptions,
  type Pool2dOptions,
  placementOptions,
} from './layerOptions.js'

/** A layer's place in the graph of a network. */
interface Placement {
  /** The id by which later layers refer to this one. @default the name, or a generated id if the layer has no name */
  readonly id?: string
  /** Ids of the layers whose outputs it reads. @default the layer before it; the network's input for the first layer */
  readonly inputs?: readonly string[]
}

/** A mean and a standard deviation for each channel of an image with pixel values in [0, 1]. */
export interface Normalisation {
  /** One number per channel. */
  readonly mean: readonly number[]
  /** One number > 0 per channel. */
  readonly std: readonly number[]
}

/** (x − mean) / std of each channel, with constants; see {@link normalize}. */
export interface NormalizeLayer extends Placement, Normalisation {
  readonly type: 'normalize'
}

/** A convolution: an image of ⌊(size + 2·padding − kernel) / stride⌋ + 1 pixels a side; see {@link conv2d}. */
export interface Conv2dLayer extends Placement {
  readonly type: 'conv2d'
  readonly name: string
  /** Number of output channels, ≥ 1. */
  readonly out: number
  /** Side of the square kernel, in pixels, ≥ 1. */
  readonly kernel: number
  /** In pixels, ≥ 1. */
  readonly stride: number
  /** Zeros added on each side, in pixels, ≥ 0. */
  readonly padding: number
  /** Whether a learned number is added to each output channel; before a batch normalisation it has no effect. */
  readonly bias: 'learned' | 'none'
  /** Groups of consecutive channels: each group of outputs reads its own group of inputs. @default 1 */
  readonly groups?: number | undefined
}

/** Batch normalisation of each channel; the image keeps its size. See {@link batchNorm2d}. */
export interface BatchNorm2dLayer extends Placement {
  readonly type: 'batchNorm2d'
  readonly name: string
}

/** A learned scale and shift of each channel; the image keeps its size. See {@link affine2d}. */
export interface Affine2dLayer extends Placement {
  readonly type: 'affine2d'
  readonly name: string
}

/** A fully connected layer: a vector to a vector of `out` numbers; see {@link linear}. */
export interface LinearLayer extends Placement {
  readonly type: 'linear'
  readonly name: string
  /** Number of outputs, ≥ 1. */
  readonly out: number
}

/** max(0, x); the shape stays. See {@link relu}. */
export interface ReluLayer extends Placement {
  readonly type: 'relu'
}

/** The largest value of each window and channel; see {@link maxPool2d}. */
export interface MaxPool2dLayer extends Placement {
  readonly type: 'maxPool2d'
  /** Side of the square window, in pixels, ≥ 1. */
  readonly kernel: number
  /** In pixels, ≥ 1. */
  readonly stride: number
}

/** The mean of each window and channel; see {@link avgPool2d}. */
export interface AvgPool2dLayer extends Placement {
  readonly type: 'avgPool2d'
  /** Side of the square window, in pixels, ≥ 1. */
  readonly kernel: number
  /** In pixels, ≥ 1. */
  readonly stride: number
}

/** An image as a vector of height·width·channels numbers; see {@link flatten}. */
export interface FlattenLayer extends Placement {
  readonly type: 'flatten'
}

/** The sum of two or more inputs of the same shape; see {@link add}. */
export interface AddLayer extends Placement {
  readonly type: 'add'
  readonly inputs: readonly string[]
}

/** A value that only training provides and that does not depend on the images. */
export type GivenValue = 'noise' | 'labels'

/** A vector of `out` numbers from outside the network; see {@link given}. */
export interface GivenLayer extends Placement {
  readonly type: 'given'
  readonly value: GivenValue
  /** Numbers per example: the width of the sampled code, or the number of classes. */
  readonly out: number
  readonly inputs: readonly string[]
}

/** A sample of a Gaussian with the inputs' mean and variance, as wide as the mean; see {@link sample}. */
export interface SampleLayer extends Placement {
  readonly type: 'sample'
  readonly inputs: readonly string[]
}

/** One node of a network, as data; made by {@link conv2d}, {@link linear} and the like. */
export type Layer =
  | NormalizeLayer
  | Conv2dLayer
  | BatchNorm2dLayer
  | Affine2dLayer
  | LinearLayer
  | ReluLayer
  | MaxPool2dLayer
  | AvgPool2dLayer
  | FlattenLayer
  | AddLayer
  | GivenLayer
  | SampleLayer

/**
 * (x − mean) / std of each channel of images in [0, 1], as `torchvision.transforms.Normalize`. The constants are not
 * trained. As a layer, it is part of the network, so that attacks and their ε apply to pixels. It must be the first
 * layer.
 *
 * @example
 * const cifar = normalize({ mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] })
 */
export const normalize = (options: Normalisation & Pick<Placement, 'id'>): NormalizeLayer => {
  normalizeOptions.read(options)
  return { type: 'normalize', ...kept(options) }
}

/**
 * A convolution, as `torch.nn.Conv2d(in, out, kernel, stride, padding, groups=…, bias=…)`; the graph gives `in`.
 *
 * @example
 * const depthwise = conv2d('depthwise', { out: 32, kernel: 3, padding: 1, groups: 32 })
 */
export const conv2d = (name: string, options: Conv2dOptions): Conv2dLayer => {
  const { stride, padding, bias, groups } = conv2dOptions.read(options, named('conv2d', name))
  return withGroups({ type: 'conv2d', name, ...kept(options), stride, padding, bias }, groups)
}

/** Whose options an error is about: that of the layer's factory, with the layer's name. */
const named = (factory: string, name: string): string => `${factory} ${JSON.stringify(name)}`

/** Number of groups of a convolution. */
export const groupsOf = ({ groups = 1 }: Conv2dLayer): number => groups

/** The same convolution with another number of groups. */
export const withGroups = ({ groups: _, ...layer }: Conv2dLayer, groups: number): Conv2dLayer =>
  groups === 1 ? layer : { ...layer, groups }

/**
 * Batch normalisation, as `torch.nn.BatchNorm2d(channels)` with its defaults (ε = 1e-5, momentum 0.1); the graph gives
 * `channels`. y = γ·(x − μ)/√(σ² + ε) + β, with the mean and variance of each channel: the minibatch's in training,
 * running ones in use. γ is `<name>.weight` and β `<name>.bias`: both are learned, neither is pruned.
 * `<name>.running_mean` and `<name>.running_var` are statistics, not parameters: see `statisticsOf`.
 *
 * Source: Ioffe, Szegedy, "Batch Normalization", ICML 2015.
 */
export const batchNorm2d = (name: string, placement: Placement = {}): BatchNorm2dLayer => {
  placementOptions.read(placement, named('batchNorm2d', name))
  return { type: 'batchNorm2d', name, ...kept(placement) }
}

/**
 * weight·x + bias, with one number of each per channel (`<name>.weight`, `<name>.bias`). In use it replaces a
 * batch normalisation that can't be folded into a convolution.
 */
export const affine2d = (name: string, placement: Placement = {}): Affine2dLayer => {
  placementOptions.read(placement, named('affine2d', name))
  return { type: 'affine2d', name, ...kept(placement) }
}

/** A fully connected layer with bias, as `torch.nn.Linear(in, out)`; the graph gives `in`. */
export const linear = (name: string, options: LinearOptions): LinearLayer => {
  linearOptions.read(options, named('linear', name))
  return { type: 'linear', name, ...kept(options) }
}

/** max(0, x). Its output is a hidden activation, which HSIC regularisation uses. */
export const relu = (placement: Placement = {}): ReluLayer => {
  placementOptions.read(placement, 'relu')
  return { type: 'relu', ...kept(placement) }
}

/** The largest value of each window. `stride` defaults to `kernel`; windows that exceed the image are dropped. */
export const maxPool2d = (options: Pool2dOptions): MaxPool2dLayer => {
  const { kernel, stride = kernel } = maxPool2dOptions.read(options)
  return { type: 'maxPool2d', ...kept(options), stride }
}

/** The mean of each window. `stride` defaults to `kernel`; windows that exceed the image are dropped. */
export const avgPool2d = (options: Pool2dOptions): AvgPool2dLayer => {
  const { kernel, stride = kernel } = avgPool2dOptions.read(options)
  return { type: 'avgPool2d', ...kept(options), stride }
}

/** One vector per image. Checkpoints hold the weights that read it in PyTorch's order: channels, rows, columns. */
export const flatten = (placement: Placement = {}): FlattenLayer => {
  placementOptions.read(placement, 'flatten')
  return { type: 'flatten', ...kept(placement) }
}

/** The sum of the outputs of several layers, as at the end of a residual block. */
export const add = (inputs: readonly string[], placement: Pick<Placement, 'id'> = {}): AddLayer => {
  idOptions.read(placement, 'add')
  return { type: 'add', inputs, ...kept(placement) }
}

/**
 * A value from outside the network, n × `out`: standard normal noise, or one-hot labels. A loss may provide it in
 * training; otherwise it is 0. It is not part of the network in use: see `meanPathOf`.
 */
export const given = (value: GivenValue, options: { readonly out: number } & Pick<Placement, 'id'>): GivenLayer => {
  givenOptions.read(options)
  return { type: 'given', value, inputs: [], ...kept(options) }
}

/**
 * A sample of a Gaussian e(z|x). With three inputs, mean μ, log-variance s and noise ε: z = μ + exp(½·s)∘ε. With two,
 * mean and noise: z = μ + ε, of variance 1. A network has at most one. In use, z = μ.
 *
 * Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
 */
export const sample = (inputs: readonly string[], placement: Pick<Placement, 'id'> = {}): SampleLayer => {
  idOptions.read(placement, 'sample')
  return { type: 'sample', inputs, ...kept(placement) }
}
