import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { adaptiveAvgPool2d } from '../architecture/adaptivePool.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { batchNorm2d, conv2d, flatten, linear, maxPool2d, pad2d, relu } from '../layers/layers.js'
import type { AdaptivePool2dLayer } from '../layers/windowLayers.js'
import { namedByWidth } from './common/cifar.js'
import type { OutputsOf } from './common/outputs.js'

const fields = {
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** Channels of the first stage, ≥ 1; the others have 2, 4, 8 and 8 times as many. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
  /** The release whose structure and names it has. @default 'pytorch-cifar' */
  release: choice(['pytorch-cifar', 'hydra', 'pwoa', 'torchvision']).default('pytorch-cifar'),
  /** Side of its square images, in pixels, ≥ 32. @default 32; 32 times `pooled` for torchvision's */
  size: whole(32, { unit: 'pixels' }).optional("32; 32 times `pooled` for torchvision's"),
  /** Outputs of each hidden linear layer, ≥ 1. @default 4 times the width; 64 times for torchvision's */
  hidden: whole(1).optional("4 times the width; 64 times for torchvision's"),
  /** Side of the image that torchvision's linear layers read, in pixels, ≥ 1. @default 7 */
  pooled: whole(1, { unit: 'pixels' }).default(7),
}

/** What {@link vgg11bn} takes. */
export const vgg11bnOptions = declareOptions('vgg11bn', fields)

/** What {@link vgg16bn} takes. */
export const vgg16bnOptions = declareOptions('vgg16bn', fields)

/** Options of {@link vgg11bn} and {@link vgg16bn}. */
export interface VggOptions extends OptionsOf<typeof vgg16bnOptions> {}

/** Channels of each stage, as multiples of the width. */
const times = [1, 2, 4, 8, 8] as const

/** What a release has of its own. */
interface Release {
  /** What its name adds to that of the network. */
  readonly name: string
  readonly bias: 'learned' | 'none'
  /** Stages that end with max-pooling. */
  readonly pooledStages: 4 | 5
  /** Names of a convolution and its batch normalisation, by the stage, its place there and the place among all modules. */
  readonly names: (stage: number, index: number, place: number) => readonly [string, string]
  /** Names of the linear layers. */
  readonly linear: readonly [...hidden: string[], last: string]
  /** Hidden outputs as a multiple of the width. */
  readonly hidden: number
  /** Whether the last image is pooled to `pooled` rows and columns. */
  readonly pooling: 'none' | 'pooled'
}

const inFeatures = (_stage: number, _index: number, place: number) =>
  [`features.${place}`, `features.${place + 1}`] as const

const common = { name: '', bias: 'learned', names: inFeatures, hidden: 4, pooling: 'none' } as const

const releases: Readonly<Record<'pytorch-cifar' | 'hydra' | 'pwoa' | 'torchvision', Release>> = {
  'pytorch-cifar': { ...common, pooledStages: 5, linear: ['classifier'] },
  hydra: {
    ...common,
    name: ' of HYDRA',
    bias: 'none',
    pooledStages: 4,
    linear: ['classifier.0', 'classifier.2', 'classifier.4'],
  },
  pwoa: {
    ...common,
    name: ' of PwoA',
    pooledStages: 4,
    names: (stage, index) => [`layer${stage + 1}.${index}.0`, `layer${stage + 1}.${index}.1`],
    linear: ['layer6.0', 'layer7.0', 'layer8'],
  },
  torchvision: {
    ...common,
    name: ' of torchvision',
    pooledStages: 5,
    linear: ['classifier.0', 'classifier.3', 'classifier.6'],
    hidden: 64,
    pooling: 'pooled',
  },
}

/**
 * VGG-16 with batch normalisation, for 32 × 32 colour images unless it is torchvision's: 13 convolutions in five stages.
 *
 * - `pytorch-cifar` (kuangliu's, and FlyingBird's pruned networks): pooling after each stage, then one linear layer,
 *   `classifier`. 14,728,266 parameters at width 64.
 * - `hydra` (HYDRA's robust and pruned networks, and HARP's): convolutions without bias, no pooling after the last
 *   stage, then three linear layers, `classifier.0`, `.2` and `.4`. 15,311,818 parameters.
 * - `pwoa` (PwoA's and HBaR's networks): the same with biases, `layer1.0.0` to `layer8`. 15,316,042 parameters.
 * - `torchvision`: for 224 × 224 pixels or others, pooling after each stage, and to 7 × 7 pixels; three linear layers,
 *   `classifier.0`, `.3` and `.6`. 138,365,992 parameters with 1000 classes.
 *
 * Source: Simonyan, Zisserman, "Very Deep Convolutional Networks", ICLR 2015.
 *
 * @example
 * const robust = vgg16bn({ release: 'hydra' })
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1, or an unknown release; for
 * torchvision's if the image before the linear layers can't be pooled to `pooled` rows and columns
 */
export const vgg16bn = (options: VggOptions = {}): Architecture => vgg(vgg16bnOptions, [2, 2, 3, 3, 3], options)

/**
 * VGG-11 with batch normalisation: as {@link vgg16bn}, with 8 convolutions. torchvision's has 132,868,840 parameters with
 * 1000 classes.
 *
 * Source: Simonyan, Zisserman, "Very Deep Convolutional Networks", ICLR 2015.
 *
 * @throws OptionError as {@link vgg16bn}
 */
export const vgg11bn = (options: VggOptions = {}): Architecture => vgg(vgg11bnOptions, [1, 1, 2, 2, 2], options)

const vgg = (declared: typeof vgg16bnOptions, convolutions: readonly number[], options: VggOptions): Architecture => {
  const { classes, width, release, pooled, ...given } = declared.read(options)
  const { name, bias, pooledStages, names, linear: layers, pooling, ...usual } = releases[release]
  const size = given.size ?? (pooling === 'none' ? 32 : 32 * pooled)
  const hidden = given.hidden ?? usual.hidden * width
  const features: Layer[] = []
  for (const [stage, count] of convolutions.entries()) {
    for (let i = 0; i < count; i++) {
      const [convolution, batchNorm] = names(stage, i, features.length)
      const out = width * (times[stage] ?? 1)
      features.push(conv2d(convolution, { out, kernel: 3, padding: 1, bias }), batchNorm2d(batchNorm), relu())
    }
    if (stage < pooledStages) features.push(maxPool2d({ kernel: 2 }))
  }
  const head = layers.flatMap((layer, i) =>
    i === layers.length - 1 ? [linear(layer, { out: classes })] : [linear(layer, { out: hidden }), relu()],
  )
  return architecture(namedByWidth(`${declared.of}${name}`, width, 64), { height: size, width: size, channels: 3 }, [
    ...features,
    ...(pooling === 'none' ? [] : [toSide(Math.floor(size / 2 ** pooledStages), pooled)]),
    flatten(),
    ...head,
  ])
}

/** Adaptive pooling. One pixel, such as that of an image of 32 × 32, is every cell; other images have at least as many. */
const toSide = (side: number, cells: number): Layer | AdaptivePool2dLayer => {
  const [before, after] = [Math.floor((cells - 1) / 2), Math.ceil((cells - 1) / 2)]
  return side < cells && side === 1
    ? pad2d({ top: before, bottom: after, left: before, right: after, mode: 'replicate' })
    : adaptiveAvgPool2d({ out: cells })
}

/**
 * The options of a VGG that a file's tensors show. They do not show the size of its images.
 *
 * @param outputs those of the file's layers
 */
export const vggShown = (outputs: OutputsOf): VggOptions => {
  const release = (['pwoa', 'torchvision', 'hydra'] as const).find((one) =>
    releases[one].linear.every((layer) => outputs(layer) !== undefined),
  )
  const { linear: layers, names } = releases[release ?? 'pytorch-cifar']
  const [first = ''] = layers
  const width = outputs(names(0, 0, 0)[0])
  const inputs = outputs(first, 1)
  const pooled = width === undefined || inputs === undefined ? Number.NaN : Math.sqrt(inputs / (8 * width))
  return given({
    classes: outputs(layers.at(-1) ?? ''),
    width,
    release: release ?? ('pytorch-cifar' as const),
    hidden: layers.length > 1 ? outputs(first) : undefined,
    pooled: release === 'torchvision' && Number.isInteger(pooled) ? pooled : undefined,
  })
}
