import { rejectOption } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { list, positive, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import { sigmoid } from '../layers/activations.js'
import { multiply } from '../layers/channelLayers.js'
import type { Layer } from '../layers/layer.js'
import { add, avgPool2d, conv2d, relu } from '../layers/layers.js'
import { type Activation, activationOf } from './common/activationNames.js'
import { cifarImages, type Source } from './common/cifar.js'
import { blocksIn, type OutputsOf } from './common/outputs.js'
import { dmConvolutions, dmFields, dmLayers, dmShown } from './dmBlock.js'

/** What {@link raWideResnet} takes. */
export const raWideResnetOptions = declareOptions('raWideResnet', {
  /** Number of blocks in each of the three stages. @default [30, 31, 10] */
  blocks: list(whole(1)).default([30, 31, 10]),
  /** Channels of the first convolution and of each stage. @default [96, 216, 432, 864] */
  channels: list(whole(1)).default([96, 216, 432, 864]),
  /** Channels between the two layers of squeeze-and-excitation, as a share of the block's. @default 0.25 */
  squeeze: positive().default(0.25),
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  ...dmFields,
})

/** Options of {@link raWideResnet}. */
export interface RaWideResnetOptions extends OptionsOf<typeof raWideResnetOptions> {}

/**
 * RaWRN for 32 × 32 colour images, with the names of RobustBench's `NormalizedWideResNet` (Peng2023Robust): `dmWideResnet`
 * with squeeze-and-excitation after the second convolution of each block, and depths and widths of its own for each stage.
 * The defaults are RaWRN-70-16.
 *
 * Source: Peng et al., "Robust Principles: Architectural Design Principles for Adversarially Robust CNNs", BMVC 2023.
 *
 * @throws OptionError unless there are three whole numbers of blocks and four of channels, all ≥ 1, and each stage has other channels than the one before it
 */
export const raWideResnet = (options: RaWideResnetOptions = {}): Architecture => {
  const { blocks, channels, squeeze, classes, activation, normalisation } = raWideResnetOptions.read(options)
  const [width = 1, ...stages] = channels
  if (blocks.length !== 3 || stages.length !== 3)
    rejectOption('raWideResnet', 'blocks of three stages and channels of four', `${blocks}; ${channels}`)
  const active = activationOf(activation)
  let from: Source = { id: 'init_conv', channels: width }
  const body: Layer[] = []
  for (const [stage, out] of stages.entries()) {
    for (let i = 0; i < (blocks[stage] ?? 0); i++) {
      const id = `layer.${stage}.block.${i}`
      const squeezed = Math.max(1, Math.round(squeeze * out))
      const stride = stage > 0 && i === 0 ? 2 : 1
      body.push(...block(id, from, { out, stride, squeezed, side: 32 / 2 ** stage }, active))
      from = { id, channels: out }
    }
  }
  const layers = dmLayers({ stem: 'init_conv', blocks: body, pooled: 8, active, normalisation, width, classes })
  return architecture(`raWideResnet ${blocks.join('-')} of ${channels.join('-')}`, cifarImages, layers)
}

interface Sizes {
  readonly out: number
  readonly stride: number
  /** Channels between the layers of squeeze-and-excitation. */
  readonly squeezed: number
  /** Of its output image, in pixels. */
  readonly side: number
}

/** y·σ(fc2(relu(fc1(mean(y))))) + shortcut with y = conv_1(f(bn(conv_0(a)))) and a = f(bn(x)). */
const block = (
  name: string,
  from: Source,
  { out, stride, squeezed, side }: Sizes,
  active: Activation,
): readonly Layer[] => {
  const widens = from.channels !== out
  const y = `${name}.conv_1`
  return [
    ...dmConvolutions(name, ['conv_0', 'conv_1'], from.id, out, stride, active),
    avgPool2d({ kernel: side }),
    conv2d(`${name}.se.fc1`, { out: squeezed, kernel: 1 }),
    relu(),
    conv2d(`${name}.se.fc2`, { out, kernel: 1 }),
    sigmoid({ id: `${name}.se.scale` }),
    multiply([y, `${name}.se.scale`], { id: `${name}.se` }),
    ...(widens
      ? [conv2d(`${name}.shortcut`, { inputs: [`${name}.relu_0`], out, kernel: 1, stride, bias: 'none' })]
      : []),
    add([`${name}.se`, widens ? `${name}.shortcut` : from.id], { id: name }),
  ]
}

/**
 * The options of a RaWRN that a file's tensors show. They do not show its activation.
 *
 * @param outputs those of the file's layers
 */
export const raWideResnetShown = (outputs: OutputsOf): RaWideResnetOptions => {
  const stages = [0, 1, 2]
  const blocks = stages.flatMap((stage) => blocksIn(outputs, (i) => `layer.${stage}.block.${i}.conv_0`) ?? [])
  const channels = ['init_conv', ...stages.map((stage) => `layer.${stage}.block.0.conv_0`)].flatMap(
    (layer) => outputs(layer) ?? [],
  )
  const [squeezed, last] = [outputs('layer.2.block.0.se.fc1'), channels[3]]
  return {
    ...given({
      blocks: blocks.length === 3 ? blocks : undefined,
      channels: channels.length === 4 ? channels : undefined,
      squeeze: squeezed === undefined || last === undefined ? undefined : squeezed / last,
    }),
    ...dmShown(outputs),
  }
}
