import { checkWhole } from '../dsl/checks.js'
import { type Architecture, architecture } from './architecture.js'
import { add, avgPool2d, batchNorm2d, conv2d, flatten, type Layer, linear, relu } from './layers.js'

export interface ResnetOptions {
  /** Number of classes, ≥ 1. @default 10 */
  readonly classes?: number
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  readonly width?: number
}

/** Basic blocks of each of the four stages. */
type Blocks = readonly [number, number, number, number]

/**
 * ResNet-18 for 32 × 32 colour images, as the public robust checkpoints have it (TRADES, MART, kuangliu's
 * pytorch-cifar) and with their names: a 3×3 convolution instead of ResNet's 7×7 with pooling, four stages of two basic
 * blocks at 32, 16, 8 and 4 pixels, the mean over the last image, one linear layer. 11,173,962 parameters at width 64.
 *
 * @example
 * const narrow = resnet18({ width: 16 })
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1
 * Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
 */
export const resnet18 = (options: ResnetOptions = {}): Architecture => resnet('resnet18', [2, 2, 2, 2], options)

/** A ResNet of basic blocks: [2, 2, 2, 2] of them is ResNet-18, [3, 4, 6, 3] ResNet-34. */
const resnet = (name: string, blocks: Blocks, { classes = 10, width = 64 }: ResnetOptions): Architecture => {
  checkWhole(name, 'classes', classes, 1)
  checkWhole(name, 'width', width, 1)
  const stages = blocks.map((count, i) => ({
    name: `layer${i + 1}`,
    count,
    out: width * 2 ** i,
    stride: i === 0 ? 1 : 2,
  }))
  let from: Source = { id: 'stem', channels: width }
  const body: Layer[] = []
  for (const { name: stageName, count, out, stride } of stages) {
    for (let i = 0; i < count; i++) {
      const id = `${stageName}.${i}`
      body.push(...basicBlock(id, from, out, i === 0 ? stride : 1))
      from = { id, channels: out }
    }
  }
  return architecture(width === 64 ? name : `${name} of width ${width}`, { height: 32, width: 32, channels: 3 }, [
    conv2d('conv1', { out: width, kernel: 3, padding: 1, bias: 'none' }),
    batchNorm2d('bn1'),
    relu({ id: 'stem' }),
    ...body,
    avgPool2d({ kernel: 4 }),
    flatten(),
    linear('linear', { out: classes }),
  ])
}

/** What a block reads. */
interface Source {
  readonly id: string
  readonly channels: number
}

/**
 * relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)); the shortcut is x itself, or a 1×1 convolution with batch
 * normalisation where the block changes the image's size or its channels. The last ReLU has the block's name as its id.
 */
const basicBlock = (name: string, from: Source, out: number, stride: number): readonly Layer[] => {
  const changes = stride !== 1 || from.channels !== out
  const shortcut = changes ? `${name}.shortcut.1` : from.id
  return [
    conv2d(`${name}.conv1`, { inputs: [from.id], out, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn1`),
    relu(),
    conv2d(`${name}.conv2`, { out, kernel: 3, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    ...(changes
      ? [
          conv2d(`${name}.shortcut.0`, { inputs: [from.id], out, kernel: 1, stride, bias: 'none' }),
          batchNorm2d(`${name}.shortcut.1`),
        ]
      : []),
    add([`${name}.bn2`, shortcut]),
    relu({ id: name }),
  ]
}
