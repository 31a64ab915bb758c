import { rejectOption } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { list, whole } from '../../dsl/options/kinds.js'
import { adaptiveAvgPool2d } from '../architecture/adaptivePool.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import { sigmoid, silu } from '../layers/activations.js'
import { multiply } from '../layers/channelLayers.js'
import type { Layer } from '../layers/layer.js'
import { add, batchNorm2d, conv2d, flatten, linear, relu } from '../layers/layers.js'
import type { AdaptivePool2dLayer } from '../layers/windowLayers.js'
import type { Source } from './common/cifar.js'
import { blocksIn, type OutputsOf, timesIn } from './common/outputs.js'

/** What {@link raWideResnet101x2} takes. */
export const raWideResnet101x2Options = declareOptions('raWideResnet101x2', {
  /** Number of classes, ≥ 1. @default 1000 */
  classes: whole(1).default(1000),
  /** Side of its square images, in pixels, ≥ 32. @default 224 */
  size: whole(32, { unit: 'pixels' }).default(224),
  /** Number of blocks in each of the four stages. @default [7, 11, 18, 1] */
  depths: list(whole(1)).default([7, 11, 18, 1]),
  /** Channels of each stage; a block has a quarter of them inside. @default [512, 1024, 2016, 4032] */
  channels: list(whole(4)).default([512, 1024, 2016, 4032]),
  /** Channels of the first convolution, ≥ 1. @default 96 */
  width: whole(1, { unit: 'channels' }).default(96),
  /** Groups of the convolutions of 3 × 3 pixels, ≥ 1. @default 2 */
  groups: whole(1).default(2),
})

/** Options of {@link raWideResnet101x2}. */
export interface RaWideResnet101x2Options extends OptionsOf<typeof raWideResnet101x2Options> {}

/**
 * RaWRN-101-2, with the names of RobustBench's `NormalizedConfigurableModel` (Peng2023Robust): bottlenecks with grouped
 * convolutions, squeeze-and-excitation and SiLU, and without normalisation after their first convolution. Checkpoints hold
 * the normalisation of the images.
 *
 * Source: Peng et al., "Robust Principles: Architectural Design Principles for Adversarially Robust CNNs", BMVC 2023.
 *
 * @throws OptionError unless there are four depths and four numbers of channels, with groups that divide a quarter of these
 */
export const raWideResnet101x2 = (options: RaWideResnet101x2Options = {}): Architecture => {
  const { classes, size, depths, channels, width, groups } = raWideResnet101x2Options.read(options)
  if (depths.length !== 4 || channels.length !== 4)
    rejectOption('raWideResnet101x2', 'depths and channels of four stages', `${depths}; ${channels}`)
  let from: Source = { id: 'stem', channels: width }
  const body: AnyLayer[] = []
  for (const [stage, out] of channels.entries())
    for (let index = 0; index < (depths[stage] ?? 0); index++) {
      const id = blockName(stage, index)
      body.push(...block(id, from, { out, stride: index === 0 ? 2 : 1, groups }))
      from = { id, channels: out }
    }
  const name = `raWideResnet101x2 ${depths.join('-')} of ${[width, ...channels].join('-')}`
  return architecture(name, { height: size, width: size, channels: 3 }, [
    conv2d(STEM, { out: width, kernel: 7, stride: 2, padding: 3, bias: 'none' }),
    batchNorm2d('stem.stem.stem.1'),
    relu({ id: 'stem' }),
    ...body,
    adaptiveAvgPool2d(),
    flatten(),
    linear('fc', { out: classes }),
  ])
}

const STEM = 'stem.stem.stem.0'

const blockName = (stage: number, index: number): string => `stages.stage${stage + 1}.stage${stage + 1}-block${index}`

type AnyLayer = Layer | AdaptivePool2dLayer

interface Sizes {
  readonly out: number
  readonly stride: number
  readonly groups: number
}

/** silu(c(se(b(a(x)))) + shortcut), with as many channels in squeeze-and-excitation as a quarter of those of x. */
const block = (name: string, from: Source, { out, stride, groups }: Sizes): readonly AnyLayer[] => {
  const inner = Math.round(out / 4)
  const part = (what: string): string => `${name}.F.${what}`
  const changes = stride !== 1 || from.channels !== out
  return [
    conv2d(part('a.0'), { inputs: [from.id], out: inner, kernel: 1, bias: 'none' }),
    silu(),
    conv2d(part('b.0'), { out: inner, kernel: 3, stride, padding: 1, groups, bias: 'none' }),
    batchNorm2d(part('b.1')),
    silu({ id: part('b') }),
    adaptiveAvgPool2d(),
    conv2d(part('se.fc1'), { out: Math.round(from.channels / 4), kernel: 1 }),
    relu(),
    conv2d(part('se.fc2'), { out: inner, kernel: 1 }),
    sigmoid({ id: part('se.scale') }),
    multiply([part('b'), part('se.scale')], { id: part('se') }),
    conv2d(part('c.0'), { out, kernel: 1, bias: 'none' }),
    batchNorm2d(part('c.1')),
    ...(changes
      ? [
          conv2d(`${name}.proj.0`, { inputs: [from.id], out, kernel: 1, stride, bias: 'none' }),
          batchNorm2d(`${name}.proj.1`),
        ]
      : []),
    add([part('c.1'), changes ? `${name}.proj.1` : from.id]),
    silu({ id: name }),
  ]
}

/**
 * The options of a RaWRN-101-2 that a file's tensors show. They do not show the size of its images.
 *
 * @param outputs those of the file's layers
 */
export const raWideResnet101x2Shown = (outputs: OutputsOf): RaWideResnet101x2Options => {
  const stages = [0, 1, 2, 3]
  const depths = stages.flatMap((stage) => blocksIn(outputs, (index) => `${blockName(stage, index)}.F.a.0`) ?? [])
  const channels = stages.flatMap((stage) => outputs(`${blockName(stage, 0)}.F.c.0`) ?? [])
  const grouped = `${blockName(0, 0)}.F.b.0`
  return given({
    classes: outputs('fc'),
    depths: depths.length === 4 ? depths : undefined,
    channels: channels.length === 4 ? channels : undefined,
    width: outputs(STEM),
    groups: timesIn(outputs(grouped), outputs(grouped, 1)),
  })
}
