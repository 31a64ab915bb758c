import { rejectOption } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { avgPool2d, batchNorm2d, conv2d, flatten, linear } from '../layers/layers.js'
import { standardize, unitNorm } from '../layers/normalisations.js'
import { activationName, activationOf } from './common/activationNames.js'
import { cifarImages, namedByWidth, type Source } from './common/cifar.js'
import { blocksIn, type OutputsOf, timesIn } from './common/outputs.js'
import { preactBlock } from './preactBlock.js'

/** What {@link wideResnet} takes. */
export const wideResnetOptions = declareOptions('wideResnet', {
  /** Number of layers in a row, 4 more than a multiple of 6, ≥ 10. @default 34 */
  depth: whole(10, { unit: 'layers' }).default(34),
  /** Its width, as a multiple of a ResNet's, ≥ 1. @default 10 */
  factor: whole(1).default(10),
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /**
   * Channels of the first convolution, ≥ 1; the three stages have `factor`, 2·`factor`, 4·`factor` times as many.
   * @default 16
   */
  width: whole(1, { unit: 'channels' }).default(16),
  /** The function after each batch normalisation. @default 'relu' */
  activation: activationName().default('relu'),
  /** Whether each image is standardised by its own mean and deviation first, as of Ding2020MMA. @default 'asGiven' */
  images: choice(['asGiven', 'standardized']).default('asGiven'),
  /** The last layer: linear, or the cosines of features and weights without bias, as of Pang2020Boosting. @default 'linear' */
  last: choice(['linear', 'cosine']).default('linear'),
})

/** Options of {@link wideResnet}. */
export interface WideResnetOptions extends OptionsOf<typeof wideResnetOptions> {}

/**
 * WideResNet for 32 × 32 colour images, with the names of TRADES, whose code MART, AWP, LBGAT, HYDRA,
 * robust_overfitting and RobustBench share: pre-activation blocks in three stages at 32, 16 and 8 pixels.
 * WideResNet-34-10 has 46,160,474 parameters, WideResNet-28-10 36,479,194.
 *
 * TRADES' network has a `sub_block1` that its forward pass does not use, and so do many checkpoints. Those tensors are
 * ignored.
 *
 * With `last: 'cosine'` each class's weights get length 1 when a file is read, as that network's forward pass gives them; training
 * here does not keep that length.
 *
 * Source: Zagoruyko, Komodakis, "Wide Residual Networks", BMVC 2016; Pang et al., "Boosting Adversarial Training with
 * Hypersphere Embedding", NeurIPS 2020; Ding et al., "MMA Training", ICLR 2020.
 *
 * @example
 * const net = wideResnet({ depth: 28, factor: 4 })
 * const smooth = wideResnet({ depth: 28, activation: 'silu' })
 * @throws OptionError for another depth, or a factor, width or number of classes that is not a whole number ≥ 1
 */
export const wideResnet = (options: WideResnetOptions = {}): Architecture => {
  const { depth, factor, classes, width, activation, images, last } = wideResnetOptions.read(options)
  if (depth % 6 !== 4) rejectOption('wideResnet', 'a depth of 4 more than a multiple of 6', depth)
  const active = activationOf(activation)
  let from: Source = { id: 'conv1', channels: width }
  const body: Layer[] = []
  for (const [stage, times] of [1, 2, 4].entries()) {
    const out = times * factor * width
    for (let i = 0; i < (depth - 4) / 6; i++) {
      const id = `block${stage + 1}.layer.${i}`
      const stride = stage > 0 && i === 0 ? 2 : 1
      const convolution = { name: `${id}.convShortcut`, reads: 'activated' } as const
      body.push(...preactBlock(id, from, { out, stride, active, ...(from.channels === out ? {} : { convolution }) }))
      from = { id, channels: out }
    }
  }
  const layers = [
    ...(images === 'standardized' ? [standardize()] : []),
    conv2d('conv1', { out: width, kernel: 3, padding: 1, bias: 'none' }),
    ...body,
    batchNorm2d('bn1'),
    active({ id: 'relu' }),
    avgPool2d({ kernel: 8 }),
    ...(last === 'linear'
      ? [flatten(), linear('fc', { out: classes })]
      : [unitNorm(), conv2d('fc', { out: classes, kernel: 1, bias: 'none' }), flatten()]),
  ]
  return architecture(namedByWidth(`wideResnet${depth}x${factor}`, width, 16), cifarImages, layers, {
    unused: ['sub_block1.'],
    ...(last === 'cosine' ? { unitRows: ['fc.weight'] } : {}),
  })
}

/**
 * The options of a WideResNet that a file's tensors show. They do not show its activation, nor what is done to its images.
 *
 * @param outputs those of the file's layers
 */
export const wideResnetShown = (outputs: OutputsOf): WideResnetOptions => {
  const width = outputs('conv1')
  const blocks = blocksIn(outputs, (block) => `block1.layer.${block}.conv1`)
  return given({
    depth: blocks === undefined ? undefined : 6 * blocks + 4,
    factor: timesIn(outputs('block1.layer.0.conv1'), width),
    classes: outputs('fc'),
    width,
    last: outputs('fc') !== undefined && outputs('fc.bias') === undefined ? ('cosine' as const) : undefined,
  })
}
