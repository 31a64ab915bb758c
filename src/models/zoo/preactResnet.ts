import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { avgPool2d, batchNorm2d, conv2d, flatten, linear, relu } from '../layers/layers.js'
import { cifarImages, namedByWidth, type Source } from './common/cifar.js'
import type { OutputsOf } from './common/outputs.js'
import { preactBlock } from './preactBlock.js'

/** What {@link preactResnet18} takes. */
export const preactResnet18Options = declareOptions('preactResnet18', {
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
  /**
   * What the 1×1 convolution of a shortcut reads: the block's input after the first batch normalisation and ReLU, or
   * the input itself. Both have the same tensors, so a checkpoint of the other kind loads and gives wrong logits.
   * @default 'activated'
   */
  shortcut: choice(['activated', 'input']).default('activated'),
  /** Whether batch normalisation (`bn`) and a ReLU follow the last block. @default 'batchNorm' */
  last: choice(['batchNorm', 'none']).default('batchNorm'),
})

/** Options of {@link preactResnet18}. */
export interface PreactResnetOptions extends OptionsOf<typeof preactResnet18Options> {}

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
  const { classes, width, shortcut, last } = preactResnet18Options.read(options)
  const name = 'preactResnet18'
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

/**
 * The options of a PreActResNet-18 that a file's tensors show. They do not show what its shortcuts read.
 *
 * @param outputs those of the file's layers
 */
export const preactResnetShown = (outputs: OutputsOf): PreactResnetOptions =>
  given({
    classes: outputs('linear'),
    width: outputs('conv1'),
    last: outputs('bn') === undefined ? ('none' as const) : ('batchNorm' as const),
  })
