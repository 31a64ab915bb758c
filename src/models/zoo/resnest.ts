import { rejectOption } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { list, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import { silu } from '../layers/activations.js'
import { multiply, selectChannels, softmax } from '../layers/channelLayers.js'
import type { Layer } from '../layers/layer.js'
import { add, avgPool2d, batchNorm2d, conv2d, flatten, linear } from '../layers/layers.js'
import { cifarImages, type Source } from './common/cifar.js'
import { blocksIn, type OutputsOf, timesIn } from './common/outputs.js'

/** What {@link resnest152} takes. */
export const resnest152Options = declareOptions('resnest152', {
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** Number of blocks in each of the four stages. @default [3, 8, 36, 3] */
  blocks: list(whole(1)).default([3, 8, 36, 3]),
  /** Channels of the first stage's 3×3 convolutions, ≥ 1; each later stage has twice as many as the one before it. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
  /** Channels of the first convolution, ≥ 1. @default 64 */
  stem: whole(1, { unit: 'channels' }).default(64),
  /** Number of branches that attention weighs, ≥ 2. @default 4 */
  radix: whole(2).default(4),
  /** The least number of channels that attention is computed from, ≥ 1. @default 32 */
  squeezed: whole(1, { unit: 'channels' }).default(32),
})

/** Options of {@link resnest152}. */
export interface ResnestOptions extends OptionsOf<typeof resnest152Options> {}

/**
 * ResNeSt-152 for 32 × 32 colour images, with the names and the SiLU of RobustBench's `ResNest152`
 * (Sehwag2021Proxy_ResNest152): bottlenecks whose 3×3 convolution has four branches, weighed for each channel by a softmax.
 * 105,187,114 parameters.
 *
 * Source: Zhang et al., "ResNeSt: Split-Attention Networks", CVPR Workshops 2022.
 *
 * @throws OptionError unless there are four whole numbers of blocks ≥ 1, and other whole numbers in their ranges
 */
export const resnest152 = (options: ResnestOptions = {}): Architecture => {
  const { classes, blocks, width, stem, radix, squeezed } = resnest152Options.read(options)
  if (blocks.length !== 4) rejectOption('resnest152', 'blocks of four stages', blocks.join(', '))
  let from: Source = { id: 'stem', channels: 2 * stem }
  const body: Layer[] = []
  for (const [stage, count] of blocks.entries())
    for (let i = 0; i < count; i++) {
      const id = `layer${stage + 1}.${i}`
      const channels = width * 2 ** stage
      const stride = stage > 0 && i === 0 ? 2 : 1
      body.push(
        ...block(id, from, { channels, stride, radix, squeezed, side: 32 / 2 ** Math.max(0, stage - (stride - 1)) }),
      )
      from = { id, channels: 4 * channels }
    }
  const usual = [3, 8, 36, 3].join('-')
  const name = `resnest152${blocks.join('-') === usual && width === 64 ? '' : ` of ${blocks.join('-')} blocks and width ${width}`}`
  return architecture(name, cifarImages, [
    ...[stem, stem, 2 * stem].flatMap((out, i): Layer[] => [
      conv2d(`conv1.${3 * i}`, { out, kernel: 3, padding: 1, bias: 'none' }),
      batchNorm2d(i < 2 ? `conv1.${3 * i + 1}` : 'bn1'),
      silu(i < 2 ? {} : { id: 'stem' }),
    ]),
    ...body,
    avgPool2d({ kernel: 4 }),
    flatten(),
    linear('fc', { out: classes }),
  ])
}

interface Sizes {
  readonly channels: number
  readonly stride: number
  readonly radix: number
  readonly squeezed: number
  /** Of the image that the 3×3 convolution returns, in pixels. */
  readonly side: number
}

/** silu(bn3(conv3(pooled(splits(silu(bn1(conv1(x))))))) + shortcut(x)): with a stride, means are taken after the branches. */
const block = (name: string, from: Source, { channels, stride, radix, squeezed, side }: Sizes): readonly Layer[] => {
  const widens = stride !== 1 || from.channels !== 4 * channels
  return [
    conv2d(`${name}.conv1`, { inputs: [from.id], out: channels, kernel: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn1`),
    silu(),
    ...splits(`${name}.conv2`, { channels, radix, squeezed, side }),
    ...(stride === 1 ? [] : [avgPool2d({ kernel: 3, stride, padding: 1 })]),
    conv2d(`${name}.conv3`, { out: 4 * channels, kernel: 1, bias: 'none' }),
    batchNorm2d(`${name}.bn3`),
    ...(widens ? shortcut(`${name}.downsample`, from, 4 * channels, stride) : []),
    add([`${name}.bn3`, widens ? `${name}.downsample.2` : from.id]),
    silu({ id: name }),
  ]
}

/** The mean of each block of pixels, and a 1×1 convolution of it. */
const shortcut = (name: string, from: Source, out: number, stride: number): readonly Layer[] => [
  avgPool2d({ inputs: [from.id], kernel: stride }),
  conv2d(`${name}.1`, { out, kernel: 1, bias: 'none' }),
  batchNorm2d(`${name}.2`),
]

/** Branches of a convolution with a group for each; their sum, weighed for each channel. */
const splits = (name: string, { channels, radix, squeezed, side }: Omit<Sizes, 'stride'>): readonly Layer[] => {
  const parts = Array.from({ length: radix }, (_, part) => part)
  const of = (part: number): readonly number[] => Array.from({ length: channels }, (_, c) => part * channels + c)
  return [
    conv2d(`${name}.conv`, { out: radix * channels, kernel: 3, padding: 1, bias: 'none', groups: radix }),
    batchNorm2d(`${name}.bn0`),
    silu({ id: `${name}.branches` }),
    ...parts.map((part) =>
      selectChannels({ id: `${name}.branch${part}`, inputs: [`${name}.branches`], channels: of(part) }),
    ),
    add(parts.map((part) => `${name}.branch${part}`)),
    avgPool2d({ kernel: side }),
    conv2d(`${name}.fc1`, { out: Math.max(Math.floor((channels * radix) / 4), squeezed), kernel: 1 }),
    batchNorm2d(`${name}.bn1`),
    silu(),
    conv2d(`${name}.fc2`, { out: radix * channels, kernel: 1 }),
    softmax({ parts: radix, id: `${name}.shares` }),
    ...parts.flatMap((part) => [
      selectChannels({ id: `${name}.share${part}`, inputs: [`${name}.shares`], channels: of(part) }),
      multiply([`${name}.branch${part}`, `${name}.share${part}`], { id: `${name}.weighed${part}` }),
    ]),
    add(parts.map((part) => `${name}.weighed${part}`)),
  ]
}

/**
 * The options of a ResNeSt that a file's tensors show.
 *
 * @param outputs those of the file's layers
 */
export const resnestShown = (outputs: OutputsOf): ResnestOptions => {
  const blocks = [1, 2, 3, 4].flatMap((stage) => blocksIn(outputs, (i) => `layer${stage}.${i}.conv2.conv`) ?? [])
  const width = outputs('layer1.0.conv1')
  const radix = timesIn(outputs('layer1.0.conv2.conv'), width)
  // Of another ResNet.
  if (radix === undefined || width === undefined || width % radix !== 0) return {}
  return given({
    classes: outputs('fc'),
    blocks: blocks.length === 4 ? blocks : undefined,
    width,
    stem: outputs('conv1.0'),
    radix,
    squeezed: outputs('layer1.0.conv2.fc1'),
  })
}
