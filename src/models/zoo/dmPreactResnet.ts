import { rejectOption } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { list, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { add } from '../layers/layers.js'
import { type Activation, activationOf } from './common/activationNames.js'
import { cifarImages, namedByWidth, type Source } from './common/cifar.js'
import { blocksIn, type OutputsOf } from './common/outputs.js'
import { dmConvolutions, dmFields, dmLayers, dmShown, samePadded } from './dmBlock.js'

const fields = {
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** Channels of the first stage, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
  ...dmFields,
}

/** What {@link dmPreactResnet} takes. */
export const dmPreactResnetOptions = declareOptions('dmPreactResnet', {
  /** Number of blocks in each of the four stages. @default [2, 2, 2, 2] */
  blocks: list(whole(1)).default([2, 2, 2, 2]),
  ...fields,
})

/** Options of {@link dmPreactResnet}. */
export interface DmPreactResnetOptions extends OptionsOf<typeof dmPreactResnetOptions> {}

/** What {@link dmPreactResnet18} takes. */
export const dmPreactResnet18Options = declareOptions('dmPreactResnet18', fields)

/** What {@link dmPreactResnet34} takes. */
export const dmPreactResnet34Options = declareOptions('dmPreactResnet34', fields)

/** Options of {@link dmPreactResnet18} and {@link dmPreactResnet34}. */
export interface DmPreactResnet18Options extends OptionsOf<typeof dmPreactResnet18Options> {}

/**
 * DeepMind's PreActResNet for 32 × 32 colour images, with the names of RobustBench's `DMPreActResNet`: the small networks of
 * Rebuffi, Rade, Gowal and Wang. It differs from `preactResnet18` in its padding, in the shortcuts, which are 3×3 convolutions
 * of the block's input, and in the normalisation of images, which is in the network.
 *
 * Source: Gowal et al., "Uncovering the Limits of Adversarial Training against Norm-Bounded Adversarial Examples", 2020.
 *
 * @example
 * const deep = dmPreactResnet({ blocks: [3, 4, 23, 3] })
 * @throws OptionError unless `blocks` are four whole numbers ≥ 1, `classes` and `width` are whole numbers ≥ 1 and the
 * others are among the choices
 */
export const dmPreactResnet = (options: DmPreactResnetOptions = {}): Architecture => {
  const { blocks, classes, width, activation, normalisation } = dmPreactResnetOptions.read(options)
  if (blocks.length !== 4) rejectOption('dmPreactResnet', 'blocks of four stages', `${blocks.length}`)
  const active = activationOf(activation)
  let from: Source = { id: 'conv_2d', channels: width }
  const body: Layer[] = []
  for (const [stage, count] of blocks.entries()) {
    const out = width * 2 ** stage
    for (let i = 0; i < count; i++) {
      const id = `layer_${stage}.${i}`
      body.push(...block(id, from, out, stage > 0 && i === 0 ? 2 : 1, active))
      from = { id, channels: out }
    }
  }
  const layers = dmLayers({ stem: 'conv_2d', blocks: body, pooled: 4, active, normalisation, width, classes })
  const depth = 2 + 2 * blocks.reduce((sum, count) => sum + count, 0)
  return architecture(namedByWidth(`dmPreactResnet${depth}`, width, 64), cifarImages, layers)
}

/**
 * `dmPreactResnet` with 2, 2, 2 and 2 blocks: 12,548,426 parameters at width 64.
 *
 * Source: as of {@link dmPreactResnet}.
 *
 * @example
 * const small = dmPreactResnet18({ activation: 'relu' })
 * @throws OptionError as {@link dmPreactResnet}
 */
export const dmPreactResnet18 = (options: DmPreactResnet18Options = {}): Architecture =>
  dmPreactResnet(dmPreactResnet18Options.read(options))

/**
 * `dmPreactResnet` with 3, 4, 6 and 3 blocks.
 *
 * Source: as of {@link dmPreactResnet}.
 *
 * @throws OptionError as {@link dmPreactResnet}
 */
export const dmPreactResnet34 = (options: DmPreactResnet18Options = {}): Architecture =>
  dmPreactResnet({ ...dmPreactResnet34Options.read(options), blocks: [3, 4, 6, 3] })

/** conv_2d_2(f(bn(conv_2d_1(f(bn(x)))))) + shortcut. The shortcut is x, or a 3×3 convolution of x. */
const block = (name: string, from: Source, out: number, stride: number, active: Activation): readonly Layer[] => {
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
export const dmPreactResnet18Shown = (outputs: OutputsOf): DmPreactResnet18Options => ({
  ...given({ width: outputs('conv_2d') }),
  ...dmShown(outputs),
})

/**
 * The same, with the number of blocks in each stage.
 *
 * @param outputs those of the file's layers
 */
export const dmPreactResnetShown = (outputs: OutputsOf): DmPreactResnetOptions => {
  const blocks = [0, 1, 2, 3].flatMap((stage) => blocksIn(outputs, (i) => `layer_${stage}.${i}.conv_2d_1`) ?? [])
  return { ...given({ blocks: blocks.length === 4 ? blocks : undefined }), ...dmPreactResnet18Shown(outputs) }
}
