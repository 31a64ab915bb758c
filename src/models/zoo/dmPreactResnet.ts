import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../architecture/layer.js'
import { add } from '../architecture/layers.js'
import { cifarImages, namedByWidth, type Source } from './cifar.js'
import { type DmActivation, dmActivation, dmConvolutions, dmFields, dmLayers, dmShown, samePadded } from './dmBlock.js'
import type { OutputsOf } from './outputs.js'

/** What {@link dmPreactResnet18} takes. */
export const dmPreactResnet18Options = declareOptions('dmPreactResnet18', {
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
  ...dmFields,
})

/** Options of {@link dmPreactResnet18}. */
export interface DmPreactResnetOptions extends OptionsOf<typeof dmPreactResnet18Options> {}

/**
 * DeepMind's PreActResNet-18 for 32 × 32 colour images, with the names of RobustBench's `DMPreActResNet`: the small
 * networks of Rebuffi, Rade, Gowal and Wang. It differs from `preactResnet18` in its padding, in the shortcuts, which are
 * 3×3 convolutions of the block's input, and in the normalisation of images, which is in the network. 12,548,426 parameters
 * at width 64.
 *
 * Source: Gowal et al., "Uncovering the Limits of Adversarial Training against Norm-Bounded Adversarial Examples", 2020.
 *
 * @example
 * const small = dmPreactResnet18({ activation: 'relu' })
 * @throws OptionError unless `classes` and `width` are whole numbers ≥ 1 and the others are among the choices
 */
export const dmPreactResnet18 = (options: DmPreactResnetOptions = {}): Architecture => {
  const { classes, width, activation, normalisation } = dmPreactResnet18Options.read(options)
  const active = dmActivation(activation)
  let from: Source = { id: 'conv_2d', channels: width }
  const blocks: Layer[] = []
  for (const [stage, out] of [1, 2, 4, 8].map((times) => times * width).entries()) {
    for (const [i, stride] of [stage === 0 ? 1 : 2, 1].entries()) {
      const id = `layer_${stage}.${i}`
      blocks.push(...block(id, from, out, stride, active))
      from = { id, channels: out }
    }
  }
  const layers = dmLayers({ stem: 'conv_2d', blocks, pooled: 4, active, normalisation, width, classes })
  return architecture(namedByWidth('dmPreactResnet18', width, 64), cifarImages, layers)
}

/** conv_2d_2(f(bn(conv_2d_1(f(bn(x)))))) + shortcut. The shortcut is x, or a 3×3 convolution of x. */
const block = (name: string, from: Source, out: number, stride: number, active: DmActivation): readonly Layer[] => {
  const changes = stride !== 1 || from.channels !== out
  return [
    ...dmConvolutions(name, ['conv_2d_1', 'conv_2d_2'], from.id, out, stride, active),
    ...(changes ? samePadded(`${name}.shortcut`, from.id, out, stride) : []),
    add([`${name}.conv_2d_2`, changes ? `${name}.shortcut` : from.id], { id: name }),
  ]
}

/**
 * The options of a `DMPreActResNet` that a file's tensors show. They do not show its activation.
 *
 * @param outputs those of the file's layers
 */
export const dmPreactResnetShown = (outputs: OutputsOf): DmPreactResnetOptions => ({
  ...given({ width: outputs('conv_2d') }),
  ...dmShown(outputs),
})
