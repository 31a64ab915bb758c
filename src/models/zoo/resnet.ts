import { checkOptions } from '../../dsl/checkOptions.js'
import { checkWhole } from '../../dsl/checks.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import { add, avgPool2d, batchNorm2d, conv2d, flatten, type Layer, linear, relu } from '../architecture/layers.js'
import { cifarImages, namedByWidth, type Source } from './cifar.js'

/** Options of {@link resnet18}, {@link resnet34} and {@link resnet50}. */
export interface ResnetOptions {
  /** Number of classes, ≥ 1. @default 10 */
  readonly classes?: number
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  readonly width?: number
}

/** Number of blocks in each of the four stages. */
type Blocks = readonly [number, number, number, number]

/**
 * ResNet-18 for 32 × 32 colour images, with the structure and names of public robust checkpoints (TRADES, MART,
 * kuangliu's pytorch-cifar): a 3×3 convolution instead of ResNet's 7×7 with pooling, four stages of two basic blocks at
 * 32, 16, 8 and 4 pixels, global average pooling, one linear layer. 11,173,962 parameters at width 64.
 *
 * Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
 *
 * @example
 * const narrow = resnet18({ width: 16 })
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1
 */
export const resnet18 = (options: ResnetOptions = {}): Architecture => resnet('resnet18', basic, [2, 2, 2, 2], options)

/**
 * ResNet-34 for 32 × 32 colour images: `resnet18` with 3, 4, 6 and 3 basic blocks. 21,282,122 parameters at width 64.
 *
 * Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
 *
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1
 */
export const resnet34 = (options: ResnetOptions = {}): Architecture => resnet('resnet34', basic, [3, 4, 6, 3], options)

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
  resnet('resnet50', bottleneck, [3, 4, 6, 3], options)

const resnet = (name: string, block: Block, blocks: Blocks, options: ResnetOptions): Architecture => {
  const { classes = 10, width = 64 } = checkOptions(name, options, { classes: true, width: true })
  checkWhole(name, 'classes', classes, 1)
  checkWhole(name, 'width', width, 1)
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
      body.push(...block.layers(id, from, channels, i === 0 ? stride : 1))
      from = { id, channels: channels * block.expansion }
    }
  }
  return architecture(namedByWidth(name, width, 64), cifarImages, [
    conv2d('conv1', { out: width, kernel: 3, padding: 1, bias: 'none' }),
    batchNorm2d('bn1'),
    relu({ id: 'stem' }),
    ...body,
    avgPool2d({ kernel: 4 }),
    flatten(),
    linear('linear', { out: classes }),
  ])
}

/** A kind of block. Its last layer has the block's name as its id. */
interface Block {
  /** Its output has this many times `channels`. */
  readonly expansion: number
  readonly layers: (name: string, from: Source, channels: number, stride: number) => readonly Layer[]
}

/** relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)). */
const basic: Block = {
  expansion: 1,
  layers: (name, from, channels, stride) => [
    conv2d(`${name}.conv1`, { inputs: [from.id], out: channels, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn1`),
    relu(),
    conv2d(`${name}.conv2`, { out: channels, kernel: 3, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    ...joined(name, `${name}.bn2`, from, channels, stride),
  ],
}

/** relu(bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x)))))))) + shortcut(x)), with the stride in the 3×3 convolution. */
const bottleneck: Block = {
  expansion: 4,
  layers: (name, from, channels, stride) => [
    conv2d(`${name}.conv1`, { inputs: [from.id], out: channels, kernel: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn1`),
    relu(),
    conv2d(`${name}.conv2`, { out: channels, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    relu(),
    conv2d(`${name}.conv3`, { out: channels * 4, kernel: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn3`),
    ...joined(name, `${name}.bn3`, from, channels * 4, stride),
  ],
}

/**
 * The sum with the shortcut, and its ReLU. The shortcut is the block's input, or, if the block changes the image's size
 * or channels, a 1×1 convolution of it with batch normalisation.
 */
const joined = (name: string, branch: string, from: Source, out: number, stride: number): readonly Layer[] => {
  const changes = stride !== 1 || from.channels !== out
  return [
    ...(changes
      ? [
          conv2d(`${name}.shortcut.0`, { inputs: [from.id], out, kernel: 1, stride, bias: 'none' }),
          batchNorm2d(`${name}.shortcut.1`),
        ]
      : []),
    add([branch, changes ? `${name}.shortcut.1` : from.id]),
    relu({ id: name }),
  ]
}
