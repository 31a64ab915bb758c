import { rejectOption } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { add, conv2d } from '../layers/layers.js'
import { type Activation, activationOf } from './common/activationNames.js'
import { cifarImages, namedByWidth, type Source } from './common/cifar.js'
import { blocksIn, type OutputsOf, timesIn } from './common/outputs.js'
import { dmConvolutions, dmFields, dmLayers, dmShown } from './dmBlock.js'

/** What {@link dmWideResnet} takes. */
export const dmWideResnetOptions = declareOptions('dmWideResnet', {
  /** Number of layers in a row, 4 more than a multiple of 6, ≥ 10. @default 28 */
  depth: whole(10, { unit: 'layers' }).default(28),
  /** Its width, as a multiple of a ResNet's, ≥ 1. @default 10 */
  factor: whole(1).default(10),
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /**
   * Channels of the first convolution, ≥ 1; the three stages have `factor`, 2·`factor`, 4·`factor` times as many.
   * @default 16
   */
  width: whole(1, { unit: 'channels' }).default(16),
  ...dmFields,
})

/** Options of {@link dmWideResnet}. */
export interface DmWideResnetOptions extends OptionsOf<typeof dmWideResnetOptions> {}

/**
 * DeepMind's WideResNet for 32 × 32 colour images, with the names of RobustBench's `DMWideResNet`: the networks of Gowal,
 * Rebuffi, Rade, Pang, Wang and Xu. Before a convolution with a stride only the right and the bottom are padded, and the
 * images are normalised in the network. WRN-28-10 has 36,479,194 parameters, WRN-70-16 266,796,506.
 *
 * Source: Gowal et al., "Uncovering the Limits of Adversarial Training against Norm-Bounded Adversarial Examples", 2020.
 *
 * @example
 * const large = dmWideResnet({ depth: 70, factor: 16 })
 * @throws OptionError for another depth, or a factor, width or number of classes that is not a whole number ≥ 1
 */
export const dmWideResnet = (options: DmWideResnetOptions = {}): Architecture => {
  const { depth, factor, classes, width, activation, normalisation } = dmWideResnetOptions.read(options)
  if (depth % 6 !== 4) rejectOption('dmWideResnet', 'a depth of 4 more than a multiple of 6', depth)
  const active = activationOf(activation)
  let from: Source = { id: 'init_conv', channels: width }
  const blocks: Layer[] = []
  for (const [stage, times] of [1, 2, 4].entries()) {
    const out = times * factor * width
    for (let i = 0; i < (depth - 4) / 6; i++) {
      const id = `layer.${stage}.block.${i}`
      blocks.push(...block(id, from, out, stage > 0 && i === 0 ? 2 : 1, active))
      from = { id, channels: out }
    }
  }
  const layers = dmLayers({ stem: 'init_conv', blocks, pooled: 8, active, normalisation, width, classes })
  return architecture(namedByWidth(`dmWideResnet${depth}x${factor}`, width, 16), cifarImages, layers)
}

/** conv_1(f(bn(conv_0(a)))) + shortcut with a = f(bn(x)). The shortcut is x, or a 1×1 convolution of a. */
const block = (name: string, from: Source, out: number, stride: number, active: Activation): readonly Layer[] => {
  const widens = from.channels !== out
  return [
    ...dmConvolutions(name, ['conv_0', 'conv_1'], from.id, out, stride, active),
    ...(widens
      ? [conv2d(`${name}.shortcut`, { inputs: [`${name}.relu_0`], out, kernel: 1, stride, bias: 'none' })]
      : []),
    add([`${name}.conv_1`, widens ? `${name}.shortcut` : from.id], { id: name }),
  ]
}

/**
 * The options of a `DMWideResNet` that a file's tensors show. They do not show its activation.
 *
 * @param outputs those of the file's layers
 */
export const dmWideResnetShown = (outputs: OutputsOf): DmWideResnetOptions => {
  const width = outputs('init_conv')
  const blocks = blocksIn(outputs, (block) => `layer.0.block.${block}.conv_0`)
  return {
    ...given({
      depth: blocks === undefined ? undefined : 6 * blocks + 4,
      factor: timesIn(outputs('layer.0.block.0.conv_0'), width),
      width,
    }),
    ...dmShown(outputs),
  }
}
