import { checkWhole } from '../dsl/checks.js'
import { rejectOption } from '../dsl/errors.js'
import { type Architecture, architecture } from './architecture.js'
import { cifarImages, namedByWidth, type Source } from './cifar.js'
import { add, avgPool2d, batchNorm2d, conv2d, flatten, type Layer, linear, relu } from './layers.js'

export interface PreactResnetOptions {
  /** Number of classes, ≥ 1. @default 10 */
  readonly classes?: number
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  readonly width?: number
  /**
   * What the 1×1 convolution of a shortcut reads: the block's input behind its batch normalisation and ReLU, or as it
   * is. The tensors are the same, so that a checkpoint of the other kind gives wrong logits without a complaint.
   * @default 'activated'
   */
  readonly shortcut?: (typeof shortcuts)[number]
  /** Whether batch normalisation (`bn`) and a ReLU stand behind the last block. @default 'batchNorm' */
  readonly last?: (typeof ends)[number]
}

const shortcuts = ['activated', 'input'] as const
const ends = ['batchNorm', 'none'] as const

/**
 * PreActResNet-18 for 32 × 32 colour images: batch normalisation and ReLU come before each convolution. 11,172,170
 * parameters at width 64 with the last batch normalisation.
 *
 * Releases differ: robust_overfitting and AWP are as the defaults are; kuangliu's pytorch-cifar is `last: 'none'`;
 * fast_adversarial is `shortcut: 'input'`, and what RobustBench has of it and of GradAlign is `last: 'none'` too.
 *
 * @example
 * const awp = preactResnet18({ classes: 100 })
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1, or another kind of block
 * Source: He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
 */
export const preactResnet18 = (options: PreactResnetOptions = {}): Architecture => {
  const { classes = 10, width = 64, shortcut = 'activated', last = 'batchNorm' } = options
  const name = 'preactResnet18'
  checkWhole(name, 'classes', classes, 1)
  checkWhole(name, 'width', width, 1)
  if (!shortcuts.includes(shortcut)) rejectOption(name, `a shortcut among ${shortcuts.join(', ')}`, shortcut)
  if (!ends.includes(last)) rejectOption(name, `a last layer among ${ends.join(', ')}`, last)
  let from: Source = { id: 'conv1', channels: width }
  const body: Layer[] = []
  for (const [stage, out] of [1, 2, 4, 8].map((times) => times * width).entries()) {
    for (const [block, stride] of [stage === 0 ? 1 : 2, 1].entries()) {
      const id = `layer${stage + 1}.${block}`
      body.push(...preactBlock(id, from, out, stride, shortcut))
      from = { id, channels: out }
    }
  }
  return architecture(namedByWidth(name, width, 64), cifarImages, [
    conv2d('conv1', { out: width, kernel: 3, padding: 1, bias: 'none' }),
    ...body,
    ...(last === 'batchNorm' ? [batchNorm2d('bn'), relu()] : []),
    avgPool2d({ kernel: 4 }),
    flatten(),
    linear('linear', { out: classes }),
  ])
}

/**
 * conv2(relu(bn2(conv1(relu(bn1(x)))))) + shortcut; the shortcut is x itself, or a 1×1 convolution where the block
 * changes the image's size or its channels. The sum has the block's name as its id.
 */
const preactBlock = (
  name: string,
  from: Source,
  out: number,
  stride: number,
  shortcut: PreactResnetOptions['shortcut'],
): readonly Layer[] => {
  const changes = stride !== 1 || from.channels !== out
  const active = `${name}.relu1`
  const read = shortcut === 'input' ? from.id : active
  return [
    batchNorm2d(`${name}.bn1`, { inputs: [from.id] }),
    relu({ id: active }),
    conv2d(`${name}.conv1`, { out, kernel: 3, stride, padding: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn2`),
    relu(),
    conv2d(`${name}.conv2`, { out, kernel: 3, padding: 1, bias: 'none' }),
    ...(changes ? [conv2d(`${name}.shortcut.0`, { inputs: [read], out, kernel: 1, stride, bias: 'none' })] : []),
    add([`${name}.conv2`, changes ? `${name}.shortcut.0` : from.id], { id: name }),
  ]
}
