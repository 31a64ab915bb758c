import { checkOptions } from '../../dsl/checkOptions.js'
import { checkWhole } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import { avgPool2d, batchNorm2d, conv2d, flatten, type Layer, linear, relu } from '../architecture/layers.js'
import { cifarImages, namedByWidth, type Source } from './cifar.js'
import { preactBlock } from './preactBlock.js'

/** Options of {@link preactResnet18}. */
export interface PreactResnetOptions {
  /** Number of classes, ≥ 1. @default 10 */
  readonly classes?: number
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  readonly width?: number
  /**
   * What the 1×1 convolution of a shortcut reads: the block's input after the first batch normalisation and ReLU, or
   * the input itself. Both have the same tensors, so a checkpoint of the other kind loads and gives wrong logits.
   * @default 'activated'
   */
  readonly shortcut?: (typeof shortcuts)[number]
  /** Whether batch normalisation (`bn`) and a ReLU follow the last block. @default 'batchNorm' */
  readonly last?: (typeof ends)[number]
}

const shortcuts = ['activated', 'input'] as const
const ends = ['batchNorm', 'none'] as const

/**
 * PreActResNet-18 for 32 × 32 colour images: batch normalisation and ReLU come before each convolution. 11,172,170
 * parameters at width 64 with the last batch normalisation.
 *
 * Releases differ. robust_overfitting and AWP use the defaults; kuangliu's pytorch-cifar is `last: 'none'`;
 * fast_adversarial is `shortcut: 'input'`; RobustBench's networks of it and of GradAlign are `last: 'none'` as well.
 *
 * Source: He et al., "Identity Mappings in Deep Residual Networks", ECCV 2016.
 *
 * @example
 * const awp = preactResnet18({ classes: 100 })
 * @throws OptionError unless `classes` and `width` are whole numbers ≥ 1 and `shortcut` and `last` are among the
 * choices
 */
export const preactResnet18 = (options: PreactResnetOptions = {}): Architecture => {
  const { classes = 10, width = 64, shortcut = 'activated', last = 'batchNorm' } = options
  const name = 'preactResnet18'
  checkOptions(name, options, { classes: true, width: true, shortcut: true, last: true })
  checkWhole(name, 'classes', classes, 1)
  checkWhole(name, 'width', width, 1)
  if (!shortcuts.includes(shortcut)) rejectOption(name, `a shortcut among ${shortcuts.join(', ')}`, shortcut)
  if (!ends.includes(last)) rejectOption(name, `a last layer among ${ends.join(', ')}`, last)
  let from: Source = { id: 'conv1', channels: width }
  const body: Layer[] = []
  for (const [stage, out] of [1, 2, 4, 8].map((times) => times * width).entries()) {
    for (const [block, stride] of [stage === 0 ? 1 : 2, 1].entries()) {
      const id = `layer${stage + 1}.${block}`
      const changes = stride !== 1 || from.channels !== out
      const convolution = { name: `${id}.shortcut.0`, reads: shortcut }
      body.push(...preactBlock(id, from, { out, stride, ...(changes ? { convolution } : {}) }))
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
