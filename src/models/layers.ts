/**
 * Layers as data: plain records that say what a layer is, not how it runs. Names follow PyTorch's modules; the name
 * given to a layer with parameters is its prefix in the state dict (`fc1` has `fc1.weight` and `fc1.bias`).
 */

/** Fields that every layer may carry to stand elsewhere than behind the layer before it. */
interface Placement {
  /** How later layers refer to this one. @default the name, or a generated one for layers without parameters */
  readonly id?: string
  /** Ids of the layers whose outputs it takes. @default the layer before it; the network's input for the first */
  readonly inputs?: readonly string[]
}

/** A mean and a standard deviation for each channel of an image, in pixel values of [0, 1]. */
export interface Normalisation {
  readonly mean: readonly number[]
  /** > 0 */
  readonly std: readonly number[]
}

export interface NormalizeLayer extends Placement, Normalisation {
  readonly type: 'normalize'
}

export interface Conv2dLayer extends Placement {
  readonly type: 'conv2d'
  readonly name: string
  readonly out: number
  /** Edge of the square kernel, in pixels. */
  readonly kernel: number
  readonly stride: number
  /** Zeros added on each side, in pixels. */
  readonly padding: number
  /** Whether each output channel has a number of its own added; in front of a batch normalisation it does nothing. */
  readonly bias: 'learned' | 'none'
  /**
   * Into how many parts the channels fall, one after another: each part of the outputs sees its own part of the inputs.
   * As many as there are input channels: a depth-wise convolution. @default 1
   */
  readonly groups?: number | undefined
}

export interface BatchNorm2dLayer extends Placement {
  readonly type: 'batchNorm2d'
  readonly name: string
}

export interface Affine2dLayer extends Placement {
  readonly type: 'affine2d'
  readonly name: string
}

export interface LinearLayer extends Placement {
  readonly type: 'linear'
  readonly name: string
  readonly out: number
}

export interface ReluLayer extends Placement {
  readonly type: 'relu'
}

export interface MaxPool2dLayer extends Placement {
  readonly type: 'maxPool2d'
  readonly kernel: number
  readonly stride: number
}

export interface AvgPool2dLayer extends Placement {
  readonly type: 'avgPool2d'
  readonly kernel: number
  readonly stride: number
}

export interface FlattenLayer extends Placement {
  readonly type: 'flatten'
}

export interface AddLayer extends Placement {
  readonly type: 'add'
  readonly inputs: readonly string[]
}

/** What is given in training alone, and is no function of the images. */
export type GivenValue = 'noise' | 'labels'

export interface GivenLayer extends Placement {
  readonly type: 'given'
  readonly value: GivenValue
  /** Numbers an example: as wide as what is sampled, or the number of classes. */
  readonly out: number
  readonly inputs: readonly string[]
}

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
 * (x − mean) / std of each channel, as `torchvision.transforms.Normalize` does it to images in [0, 1]: constants, which
 * no training moves. As a layer it is part of the network, so that attacks and their ε are in pixels. The first
 * layer, if there is one.
 *
 * @example
 * const cifar = normalize({ mean: [0.4914, 0.4822, 0.4465], std: [0.2471, 0.2435, 0.2616] })
 */
export const normalize = (options: Normalisation & Pick<Placement, 'id'>): NormalizeLayer => ({
  type: 'normalize',
  ...options,
})

/**
 * A convolution, as `torch.nn.Conv2d(in, out, kernel, stride, padding, groups=…, bias=…)`; `in` follows from the graph.
 *
 * @example
 * const separable = [conv2d('depthwise', { out: 32, kernel: 3, padding: 1, groups: 32 }), conv2d('pointwise', { out: 64, kernel: 1 })]
 */
export const conv2d = (
  name: string,
  options: Placement & {
    readonly out: number
    readonly kernel: number
    /** @default 1 */
    readonly stride?: number
    /** @default 0 */
    readonly padding?: number
    /** @default 'learned' */
    readonly bias?: 'learned' | 'none'
    /** Divides the channels of the input and of the output. @default 1 */
    readonly groups?: number
  },
): Conv2dLayer =>
  withGroups({ type: 'conv2d', name, stride: 1, padding: 0, bias: 'learned', ...options }, options.groups ?? 1)

/** Parts of a convolution's channels. */
export const groupsOf = ({ groups = 1 }: Conv2dLayer): number => groups

/** A convolution in another number of parts. */
export const withGroups = ({ groups: _, ...layer }: Conv2dLayer, groups: number): Conv2dLayer =>
  groups === 1 ? layer : { ...layer, groups }

/**
 * Batch normalisation, as `torch.nn.BatchNorm2d(channels)` with its defaults (ε = 1e-5, momentum 0.1); `channels`
 * follows from the graph. While training, y = γ·(x − μ)/√(σ² + ε) + β with the minibatch's own mean and variance of
 * each channel; in use, with running ones. γ is `<name>.weight` and β `<name>.bias`: both are learned, neither is
 * pruned. `<name>.running_mean` and `<name>.running_var` are statistics, not parameters: see `statisticsOf`.
 *
 * Source: Ioffe, Szegedy, "Batch Normalization", ICML 2015.
 */
export const batchNorm2d = (name: string, placement: Placement = {}): BatchNorm2dLayer => ({
  type: 'batchNorm2d',
  name,
  ...placement,
})

/**
 * weight·x + bias, a number of each per channel (`<name>.weight`, `<name>.bias`): what is left of a batch normalisation
 * in use that has no convolution of its own to be folded into.
 */
export const affine2d = (name: string, placement: Placement = {}): Affine2dLayer => ({
  type: 'affine2d',
  name,
  ...placement,
})

/** A fully connected layer with bias, as `torch.nn.Linear(in, out)`; `in` follows from the graph. */
export const linear = (name: string, options: Placement & { readonly out: number }): LinearLayer => ({
  type: 'linear',
  name,
  ...options,
})

/** max(0, x). Its output is a hidden activation that HSIC regularisation looks at. */
export const relu = (placement: Placement = {}): ReluLayer => ({ type: 'relu', ...placement })

/** The largest value of each window; `stride` defaults to `kernel`, windows that don't fit are dropped. */
export const maxPool2d = (
  options: Placement & { readonly kernel: number; readonly stride?: number },
): MaxPool2dLayer => ({ type: 'maxPool2d', stride: options.kernel, ...options })

/** The mean of each window; `stride` defaults to `kernel`, windows that don't fit are dropped. */
export const avgPool2d = (
  options: Placement & { readonly kernel: number; readonly stride?: number },
): AvgPool2dLayer => ({ type: 'avgPool2d', stride: options.kernel, ...options })

/** One vector per image, in PyTorch's order (channels, rows, columns) as far as checkpoints are concerned. */
export const flatten = (placement: Placement = {}): FlattenLayer => ({ type: 'flatten', ...placement })

/** The sum of several layers' outputs: a shortcut. */
export const add = (inputs: readonly string[], placement: Pick<Placement, 'id'> = {}): AddLayer => ({
  type: 'add',
  inputs,
  ...placement,
})

/**
 * A value from outside of the network, n × `out`: standard normal noise, or the labels, one-hot. In training a loss
 * gives it; it is 0 where nobody does, and no part of a network in use, see `meanPathOf`.
 */
export const given = (value: GivenValue, options: { readonly out: number } & Pick<Placement, 'id'>): GivenLayer => ({
  type: 'given',
  value,
  inputs: [],
  ...options,
})

/**
 * A sample of a Gaussian e(z|x): z = μ + exp(½·s)∘ε of the inputs mean μ, log-variance s and noise ε, or z = μ + ε, of
 * variance 1, of the inputs mean and noise. A network has one at most; in use it is the mean.
 *
 * Source: Kingma, Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
 */
export const sample = (inputs: readonly string[], placement: Pick<Placement, 'id'> = {}): SampleLayer => ({
  type: 'sample',
  inputs,
  ...placement,
})
