import { rejectOption } from '../../dsl/errors.js'
import { extentOf, isEach } from '../../dsl/kit/extent.js'
import { given as kept } from '../../dsl/kit/given.js'
import type {
  AddLayer,
  Affine2dLayer,
  BatchNorm2dLayer,
  FlattenLayer,
  GivenLayer,
  GivenValue,
  Layer,
  LinearLayer,
  Normalisation,
  NormalizeLayer,
  ReluLayer,
  SampleLayer,
} from './layer.js'
import {
  type FlattenOptions,
  flattenOptions,
  givenOptions,
  type LinearOptions,
  linearOptions,
  normalizeOptions,
} from './layerOptions.js'
import type { Placement } from './placement.js'
import { idOptions, placementOptions } from './placement.js'
import type {
  AvgPool2dLayer,
  Conv2dLayer,
  ConvTranspose2dLayer,
  MaxPool2dLayer,
  Pad2dLayer,
  PoolWindows,
} from './windowLayers.js'
import {
  type AvgPool2dOptions,
  avgPool2dOptions,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  conv2dOptions,
  convTranspose2dOptions,
  type MaxPool2dOptions,
  maxPool2dOptions,
  type Pad2dOptions,
  pad2dOptions,
} from './windowOptions.js'

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
 * A convolution, as `torch.nn.Conv2d(in, out, kernel, stride, padding, dilation, groups, bias)`; the graph gives `in`.
 * For another `padding_mode` than zeros, put a {@link pad2d} before it.
 *
 * @example
 * const depthwise = conv2d('depthwise', { out: 32, kernel: 3, padding: 1, groups: 32 })
 * const wide = conv2d('wide', { out: 8, kernel: [1, 7], padding: [0, 3] })
 */
export const conv2d = (name: string, options: Conv2dOptions): Conv2dLayer => {
  const { kernel, stride, padding, dilation, bias, groups } = conv2dOptions.read(options, named('conv2d', name))
  const { dilation: _, ...given } = kept(options)
  const taps = { kernel: extentOf(kernel), stride: extentOf(stride), padding: extentOf(padding) }
  const apart = isEach(dilation, 1) ? {} : { dilation: extentOf(dilation) }
  return withGroups({ type: 'conv2d', name, ...given, ...taps, bias, ...apart }, groups)
}

/**
 * A transposed convolution, as `torch.nn.ConvTranspose2d(in, out, kernel, stride, padding, output_padding, groups, bias,
 * dilation)`; the graph gives `in`. Each pixel of the input adds its number times the kernel to the output.
 *
 * @example
 * const twice = convTranspose2d('up', { out: 8, kernel: 4, stride: 2, padding: 1 })
 */
export const convTranspose2d = (name: string, options: ConvTranspose2dOptions): ConvTranspose2dLayer => {
  const where = named('convTranspose2d', name)
  const { kernel, stride, padding, outputPadding, dilation, bias, groups } = convTranspose2dOptions.read(options, where)
  const { dilation: _, outputPadding: __, ...given } = kept(options)
  const taps = { kernel: extentOf(kernel), stride: extentOf(stride), padding: extentOf(padding) }
  const added = isEach(outputPadding, 0) ? {} : { outputPadding: extentOf(outputPadding) }
  const apart = isEach(dilation, 1) ? {} : { dilation: extentOf(dilation) }
  return withGroups({ type: 'convTranspose2d', name, ...given, ...taps, ...added, bias, ...apart }, groups)
}

/** Whose options an error is about: that of the layer's factory, with the layer's name. */
const named = (factory: string, name: string): string => `${factory} ${JSON.stringify(name)}`

type Convolution = Conv2dLayer | ConvTranspose2dLayer

/** Whether a layer is a convolution, transposed or not. */
export const isConvolution = (layer: Layer): layer is Convolution =>
  layer.type === 'conv2d' || layer.type === 'convTranspose2d'

/** Number of groups of a convolution. */
export const groupsOf = ({ groups = 1 }: Convolution): number => groups

/** The same convolution with another number of groups. */
export const withGroups = <L extends Convolution>({ groups: _, ...layer }: L, groups: number) =>
  groups === 1 ? layer : { ...layer, groups }

/**
 * Batch normalisation, as `torch.nn.BatchNorm2d(channels)` with its defaults (ε = 1e-5, momentum 0.1); the graph gives
 * `channels`. On vectors it is `torch.nn.BatchNorm1d(features)`: each feature is a channel. y = γ·(x − μ)/√(σ² + ε) + β, with the mean and variance of each channel: the minibatch's in training,
 * running ones in use. γ is `<name>.weight` and β `<name>.bias`: both are learned, neither is pruned.
 * `<name>.running_mean` and `<name>.running_var` are statistics, not parameters: see `statisticsOf`. As in PyTorch, a
 * minibatch with a single value per channel (one image of one pixel) is an error in training.
 *
 * Source: Ioffe, Szegedy, "Batch Normalization", ICML 2015.
 */
export const batchNorm2d = (name: string, placement: Placement = {}): BatchNorm2dLayer => {
  placementOptions.read(placement, named('batchNorm2d', name))
  return { type: 'batchNorm2d', name, ...kept(placement) }
}

/**
 * weight·x + bias, with one number of each per channel of an image, or per feature of a vector (`<name>.weight`,
 * `<name>.bias`). In use it replaces a batch normalisation that can't be folded into the layer before it.
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

/**
 * The largest value of each window, as `torch.nn.MaxPool2d`. `stride` defaults to `kernel`. Padding counts as −∞.
 * Windows that exceed the padded image are dropped, or, with `ceilMode`, kept if they begin within it.
 */
export const maxPool2d = (options: MaxPool2dOptions): MaxPool2dLayer => {
  const { kernel, stride = kernel, padding, ceilMode, ...placement } = maxPool2dOptions.read(options)
  return { type: 'maxPool2d', ...kept(placement), ...windows({ kernel, stride, padding, ceilMode }) }
}

/**
 * The mean of each window, as `torch.nn.AvgPool2d`. `stride` defaults to `kernel`. The mean is over the zeros of the
 * padding, too, unless `countIncludePad` is false. Windows that exceed the padded image are dropped, or, with
 * `ceilMode`, kept if they begin within it; their mean is over what lies within the padded image.
 */
export const avgPool2d = (options: AvgPool2dOptions): AvgPool2dLayer => {
  const { kernel, stride = kernel, padding, ceilMode, countIncludePad, ...placement } = avgPool2dOptions.read(options)
  return {
    type: 'avgPool2d',
    ...kept(placement),
    ...windows({ kernel, stride, padding, ceilMode }),
    // Without padding all means are over the same pixels.
    ...(countIncludePad || isEach(padding, 0) ? {} : { countIncludePad }),
  }
}

/** Windows without the fields that have their defaults. */
const windows = ({ kernel, stride, padding = 0, ceilMode }: PoolWindows): PoolWindows => ({
  kernel: extentOf(kernel),
  stride: extentOf(stride),
  ...(isEach(padding, 0) ? {} : { padding: extentOf(padding) }),
  ...(ceilMode ? { ceilMode } : {}),
})

/**
 * An image with more pixels at chosen sides, as `torch.nn.ZeroPad2d`, `ConstantPad2d`, `ReflectionPad2d`,
 * `ReplicationPad2d` and `CircularPad2d`. Before a convolution with a stride, TensorFlow's `SAME` pads only the right and
 * the bottom; before one without padding of its own, a mode is PyTorch's `padding_mode`.
 *
 * @example
 * const before = pad2d({ right: 1, bottom: 1 })
 * const mirrored = pad2d({ top: 1, bottom: 1, left: 1, right: 1, mode: 'reflect' })
 * @throws OptionError for a number that a mode does not use
 */
export const pad2d = (options: Pad2dOptions): Pad2dLayer => {
  const { value, mode, top, bottom, left, right, ...placement } = pad2dOptions.read(options)
  if (mode !== 'constant' && value !== 0) rejectOption('pad2d', `no value with mode ${mode}`, value)
  const filled = { ...(mode === 'constant' ? {} : { mode }), ...(value === 0 ? {} : { value }) }
  return { type: 'pad2d', ...kept(placement), top, bottom, left, right, ...filled }
}

/** One vector per image. Checkpoints hold the weights that read it in PyTorch's order: channels, rows, columns. */
export const flatten = (options: FlattenOptions = {}): FlattenLayer => {
  const { order, ...placement } = flattenOptions.read(options)
  return { type: 'flatten', ...kept(placement), ...(order === 'any' ? {} : { order }) }
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
