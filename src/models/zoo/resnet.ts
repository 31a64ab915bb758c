import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { add, avgPool2d, batchNorm2d, conv2d, flatten, linear, maxPool2d, relu } from '../layers/layers.js'
import { cifarImages, namedByWidth, type Source } from './common/cifar.js'
import type { OutputsOf } from './common/outputs.js'

const fields = {
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
  /** The release whose structure and names it has. @default 'pytorch-cifar' */
  release: choice(['pytorch-cifar', 'torchvision']).default('pytorch-cifar'),
  /** Side of its square images, in pixels, ≥ 1. @default 32; 224 for torchvision's */
  size: whole(1, { unit: 'pixels' }).optional("32; 224 for torchvision's"),
}

/** What {@link resnet18} takes. */
export const resnet18Options = declareOptions('resnet18', fields)

/** What {@link resnet34} takes. */
export const resnet34Options = declareOptions('resnet34', fields)

/** What {@link resnet50} takes. */
export const resnet50Options = declareOptions('resnet50', fields)

/** What {@link wideResnet50x2} takes. */
export const wideResnet50x2Options = declareOptions('wideResnet50x2', fields)

/** Options of {@link resnet18}, {@link resnet34}, {@link resnet50} and {@link wideResnet50x2}. */
export interface ResnetOptions extends OptionsOf<typeof resnet18Options> {}

/** Number of blocks in each of the four stages. */
type Blocks = readonly [number, number, number, number]

/**
 * ResNet-18: four stages of two basic blocks, global average pooling, one linear layer.
 *
 * - `pytorch-cifar`: for 32 × 32 colour images, with the structure and names of public robust checkpoints (TRADES, MART,
 *   kuangliu's pytorch-cifar): a 3×3 convolution instead of ResNet's 7×7 with pooling, stages at 32, 16, 8 and 4 pixels.
 *   11,173,962 parameters at width 64.
 * - `torchvision`: a 7×7 convolution with stride 2 and max-pooling before the stages, for 224 × 224 pixels or others.
 *   11,689,512 parameters with 1000 classes.
 *
 * Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
 *
 * @example
 * const narrow = resnet18({ width: 16 })
 * const imagenet = resnet18({ release: 'torchvision', classes: 1000 })
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1
 */
export const resnet18 = (options: ResnetOptions = {}): Architecture =>
  resnet(resnet18Options, basic, [2, 2, 2, 2], options)

/**
 * ResNet-34 for 32 × 32 colour images: `resnet18` with 3, 4, 6 and 3 basic blocks. 21,282,122 parameters at width 64.
 *
 * Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
 *
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1
 */
export const resnet34 = (options: ResnetOptions = {}): Architecture =>
  resnet(resnet34Options, basic, [3, 4, 6, 3], options)

/**
 * ResNet-50 for 32 × 32 colour images, as in kuangliu's pytorch-cifar, MadryLab's robustness and RobustBench: 3, 4, 6
 * and 3 bottleneck blocks, whose outputs have four times as many channels as their 3×3 convolutions. 23,520,842
 * parameters at width 64.
 *
 * Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
 *
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1
 */
export const resnet50 = (options: ResnetOptions = {}): Architecture =>
  resnet(resnet50Options, bottleneck(1), [3, 4, 6, 3], options)

/**
 * WideResNet-50-2: `resnet50` with twice as many channels inside its blocks, as torchvision's `wide_resnet50_2` with
 * `release: 'torchvision'`. That has 68,883,240 parameters with 1000 classes.
 *
 * Source: Zagoruyko, Komodakis, "Wide Residual Networks", BMVC 2016.
 *
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1
 */
export const wideResnet50x2 = (options: ResnetOptions = {}): Architecture =>
  resnet(wideResnet50x2Options, bottleneck(2), [3, 4, 6, 3], options)

const resnet = (
  declared: typeof resnet18Options,
  block: Block,
  blocks: Blocks,
  options: ResnetOptions,
): Architecture => {
  const { classes, width, release, size } = declared.read(options)
  const { name, pixels, stem, halvings, names } = releases[release]
  const side = size ?? pixels
  const stages = blocks.map((count, i) => ({
    name: `layer${i + 1}`,
    count,
    channels: width * 2 ** i,
    stride: i === 0 ? 1 : 2,
  }))
  let from: Source = { id: 'stem', channels: width }
  const body: Layer[] = []
  for (const { name: stageName, count, channels, stride } of stages) {
    for (let i = 0; i < count; i++) {
      const id = `${stageName}.${i}`
      body.push(...block.layers(id, from, channels, i === 0 ? stride : 1, names.shortcut))
      from = { id, channels: channels * block.expansion }
    }
  }
  return architecture(namedByWidth(`${declared.of}${name}`, width, 64), { ...cifarImages, height: side, width: side }, [
    ...stem(width),
    ...body,
    // Each halving rounds up.
    avgPool2d({ kernel: Math.ceil(side / 2 ** halvings) }),
    flatten(),
    linear(names.linear, { out: classes }),
  ])
}

/**
 * The options of a ResNet that a file's tensors show. They do not show the size of its images.
 *
 * @param outputs those of the file's layers
 */
export const resnetShown = (outputs: OutputsOf): ResnetOptions => {
  const release: keyof typeof releases =
    outputs('linear') === undefined && outputs('fc') !== undefined ? 'torchvision' : 'pytorch-cifar'
  const { linear: last } = releases[release].names
  return given({ classes: outputs(last), width: outputs('conv1'), release })
}

/** What a release has of its own. */
interface Release {
  /** What its name adds to that of the network. */
  readonly name: string
  readonly pixels: number
  /** The layers before the first stage; the last has the id `stem`. */
  readonly stem: (width: number) => readonly Layer[]
  /** How often the image is halved. */
  readonly halvings: number
  readonly names: { readonly shortcut: string; readonly linear: string }
}

const releases: Readonly<Record<'pytorch-cifar' | 'torchvision', Release>> = {
  'pytorch-cifar': {
    name: '',
    pixels: 32,
    stem: (width) => [
      conv2d('conv1', { out: width, kernel: 3, padding: 1, bias: 'none' }),
      batchNorm2d('bn1'),
      relu({ id: 'stem' }),
    ],
    halvings: 3,
    names: { shortcut: 'shortcut', linear: 'linear' },
  },
  torchvision: {
    name: ' of torchvision',
    pixels: 224,
    stem: (width) => [
      conv2d('conv1', { out: width, kernel: 7, stride: 2, padding: 3, bias: 'none' }),
      batchNorm2d('bn1'),
      relu(),
      maxPool2d({ kernel: 3, stride: 2, padding: 1, id: 'stem' }),
    ],
    halvings: 5,
    names: { shortcut: 'downsample', linear: 'fc' },
  },
}

/** A kind of block. Its last layer has the block's name as its id. */
interface Block {
  /** Its output has this many times `channels`. */
  readonly expansion: number
  readonly layers: (name: string, from: Source, channels: number, stride: number, shortcut: string) => readonly Layer[]
}

/** relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)). */
const basic: Block = {
  expansion: 1,
  layers: (name, from, channels, stride, shortcut) => [
    conv2d(`${name}.conv1`, { inputs: [from.id], out: channels, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn1`),
    relu(),
    conv2d(`${name}.conv2`, { out: channels, kernel: 3, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    ...joined({ name, shortcut }, `${name}.bn2`, from, channels, stride),
  ],
}

/**
 * relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + shortcut(x)), with the stride in the 3×3 convolution.
 *
 * @param factor channels inside, as a multiple of a ResNet's
 */
const bottleneck = (factor: number): Block => ({
  expansion: 4,
  layers: (name, from, channels, stride, shortcut) => [
    conv2d(`${name}.conv1`, { inputs: [from.id], out: channels * factor, kernel: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn1`),
    relu(),
    conv2d(`${name}.conv2`, { out: channels * factor, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    relu(),
    conv2d(`${name}.conv3`, { out: channels * 4, kernel: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn3`),
    ...joined({ name, shortcut }, `${name}.bn3`, from, channels * 4, stride),
  ],
})

/**
 * The sum with the shortcut, and its ReLU. The shortcut is the block's input, or, if the block changes the image's size
 * or channels, a 1×1 convolution of it with batch normalisation.
 */
const joined = (
  { name, shortcut }: { readonly name: string; readonly shortcut: string },
  branch: string,
  from: Source,
  out: number,
  stride: number,
): readonly Layer[] => {
  const changes = stride !== 1 || from.channels !== out
  return [
    ...(changes
      ? [
          conv2d(`${name}.${shortcut}.0`, { inputs: [from.id], out, kernel: 1, stride, bias: 'none' }),
          batchNorm2d(`${name}.${shortcut}.1`),
        ]
      : []),
    add([branch, changes ? `${name}.${shortcut}.1` : from.id]),
    relu({ id: name }),
  ]
}
