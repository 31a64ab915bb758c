import { rejectOption } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, list, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { avgPool2d, batchNorm2d, conv2d, flatten, linear } from '../layers/layers.js'
import { activationName, activationOf } from './common/activationNames.js'
import { cifarImages, type Source } from './common/cifar.js'
import { blocksIn, type OutputsOf } from './common/outputs.js'
import { preactBlock } from './preactBlock.js'

/** The releases, and how they name the shortcut of a block and the last batch normalisation. */
const releases = {
  robustWRN: { shortcut: 'convShortcut', last: 'bn1' },
  robustResNet: { shortcut: 'shortcut.0', last: 'norm1' },
} as const

/** What {@link robustWideResnet} takes. */
export const robustWideResnetOptions = declareOptions('robustWideResnet', {
  /** Number of blocks in each of the three stages. @default [5, 5, 5] */
  blocks: list(whole(1)).default([5, 5, 5]),
  /** Channels of the first convolution and of each stage. @default [16, 320, 640, 512] */
  channels: list(whole(1)).default([16, 320, 640, 512]),
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** The function after each batch normalisation. @default 'relu' */
  activation: activationName().default('relu'),
  /** The release whose names it has: that of Huang 2021, or that of Huang 2022. @default 'robustWRN' */
  release: choice(['robustWRN', 'robustResNet']).default('robustWRN'),
})

/** Options of {@link robustWideResnet}. */
export interface RobustWideResnetOptions extends OptionsOf<typeof robustWideResnetOptions> {}

/**
 * A WideResNet for 32 × 32 colour images whose stages have their own depths and widths, with the names of RobustBench.
 *
 * - `robustWRN`: `RobustWideResNet` (Huang2021Exploring); WRN-34-R has the defaults.
 * - `robustResNet`: the basic blocks of `PreActResNet` in robust-resnet (Huang2022Revisiting); WRN-A4 has
 *   `blocks: [27, 28, 13]`, `channels: [16, 160, 448, 384]` and `activation: 'silu'`.
 *
 * Source: Huang et al., "Exploring Architectural Ingredients of Adversarially Robust Deep Neural Networks", NeurIPS 2021;
 * Huang et al., "Revisiting Residual Networks for Adversarial Robustness", CVPR 2023.
 *
 * @throws OptionError unless there are three whole numbers of blocks and four of channels, all ≥ 1, and with `robustWRN` a stage has other channels than the one before it
 */
export const robustWideResnet = (options: RobustWideResnetOptions = {}): Architecture => {
  const { blocks, channels, classes, activation, release } = robustWideResnetOptions.read(options)
  const [width = 1, ...stages] = channels
  if (blocks.length !== 3 || stages.length !== 3)
    rejectOption('robustWideResnet', 'blocks of three stages and channels of four', `${blocks}; ${channels}`)
  const active = activationOf(activation)
  const { shortcut, last } = releases[release]
  let from: Source = { id: 'stem_conv', channels: width }
  const body: Layer[] = []
  for (const [stage, out] of stages.entries()) {
    for (let i = 0; i < (blocks[stage] ?? 0); i++) {
      const id = `blocks.${stage}.layer.${i}`
      const stride = stage > 0 && i === 0 ? 2 : 1
      const changes = from.channels !== out || (release === 'robustResNet' && stride > 1)
      const convolution = { name: `${id}.${shortcut}`, reads: 'activated' } as const
      body.push(...preactBlock(id, from, { out, stride, active, ...(changes ? { convolution } : {}) }))
      from = { id, channels: out }
    }
  }
  const name = `robustWideResnet ${blocks.join('-')} of ${channels.join('-')}`
  return architecture(name, cifarImages, [
    conv2d('stem_conv', { out: width, kernel: 3, padding: 1, bias: 'none' }),
    ...body,
    batchNorm2d(last),
    active({ id: 'relu' }),
    avgPool2d({ kernel: 8 }),
    flatten(),
    linear('fc', { out: classes }),
  ])
}

/**
 * The options of a `RobustWideResNet` that a file's tensors show. They do not show its activation, which is SiLU in all
 * networks of `robustResNet`.
 *
 * @param outputs those of the file's layers
 */
export const robustWideResnetShown = (outputs: OutputsOf): RobustWideResnetOptions => {
  const stages = [0, 1, 2]
  const blocks = stages.flatMap((stage) => blocksIn(outputs, (i) => `blocks.${stage}.layer.${i}.conv1`) ?? [])
  const channels = ['stem_conv', ...stages.map((stage) => `blocks.${stage}.layer.0.conv1`)].flatMap(
    (layer) => outputs(layer) ?? [],
  )
  const isLater = outputs('norm1') !== undefined
  return given({
    blocks: blocks.length === 3 ? blocks : undefined,
    channels: channels.length === 4 ? channels : undefined,
    classes: outputs('fc'),
    release: isLater ? ('robustResNet' as const) : ('robustWRN' as const),
    activation: isLater ? ('silu' as const) : undefined,
  })
}
