import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { positive, whole } from '../../dsl/options/kinds.js'
import { adaptiveAvgPool2d } from '../architecture/adaptivePool.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import { relu6 } from '../layers/activations.js'
import type { Layer } from '../layers/layer.js'
import { add, batchNorm2d, conv2d, flatten, linear } from '../layers/layers.js'
import type { Source } from './common/cifar.js'
import type { OutputsOf } from './common/outputs.js'

/** What {@link mobilenetV2} takes. */
export const mobilenetV2Options = declareOptions('mobilenetV2', {
  /** Number of classes, ≥ 1. @default 1000 */
  classes: whole(1).default(1000),
  /** Channels of all layers but the last convolution, as a multiple of the published ones; rounded to multiples of 8. @default 1 */
  multiplier: positive().default(1),
  /** Side of its square images, in pixels, ≥ 1. @default 224 */
  size: whole(1, { unit: 'pixels' }).default(224),
})

/** Options of {@link mobilenetV2}. */
export interface MobilenetV2Options extends OptionsOf<typeof mobilenetV2Options> {}

/** Groups of blocks: the factor of the hidden channels, output channels, number of blocks, stride of the first. */
const groups = [
  { expand: 1, channels: 16, count: 1, stride: 1 },
  { expand: 6, channels: 24, count: 2, stride: 2 },
  { expand: 6, channels: 32, count: 3, stride: 2 },
  { expand: 6, channels: 64, count: 4, stride: 2 },
  { expand: 6, channels: 96, count: 3, stride: 1 },
  { expand: 6, channels: 160, count: 3, stride: 2 },
  { expand: 6, channels: 320, count: 1, stride: 1 },
] as const

/** The nearest multiple of 8 that is at least 8 and at least 90 % of the number. */
const roundedTo8 = (channels: number): number => {
  const near = Math.max(8, Math.floor((channels + 4) / 8) * 8)
  return near < 0.9 * channels ? near + 8 : near
}

/**
 * MobileNetV2 with the names of torchvision: blocks of a 1×1 convolution that widens, a depth-wise 3×3 convolution and a 1×1
 * convolution that narrows, each with batch normalisation. 3,504,872 parameters with 1000 classes. With `size: 32` it is for
 * CIFAR's images.
 *
 * Source: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.
 *
 * @throws OptionError for a number of classes or a size that is not a whole number ≥ 1, or a multiplier ≤ 0
 */
export const mobilenetV2 = (options: MobilenetV2Options = {}): Architecture => {
  const { classes, multiplier, size } = mobilenetV2Options.read(options)
  const stem = roundedTo8(32 * multiplier)
  let from: Source = { id: 'features.0', channels: stem }
  const body: Layer[] = []
  let place = 1
  for (const { expand, channels, count, stride } of groups) {
    for (let i = 0; i < count; i++) {
      const id = `features.${place++}`
      const out = roundedTo8(channels * multiplier)
      body.push(...block(id, from, { expand, out, stride: i === 0 ? stride : 1 }))
      from = { id, channels: out }
    }
  }
  const name = multiplier === 1 ? 'mobilenetV2' : `mobilenetV2 of ${multiplier} times the width`
  return architecture(name, { height: size, width: size, channels: 3 }, [
    conv2d('features.0.0', { out: stem, kernel: 3, stride: 2, padding: 1, bias: 'none' }),
    batchNorm2d('features.0.1'),
    relu6({ id: 'features.0' }),
    ...body,
    conv2d('features.18.0', { out: roundedTo8(1280 * Math.max(1, multiplier)), kernel: 1, bias: 'none' }),
    batchNorm2d('features.18.1'),
    relu6(),
    adaptiveAvgPool2d(),
    flatten(),
    linear('classifier.1', { out: classes }),
  ])
}

interface Sizes {
  readonly expand: number
  readonly out: number
  readonly stride: number
}

/** The block's last layer has its name as id: a sum if the input has the same shape, or else a batch normalisation. */
const block = (name: string, from: Source, { expand, out, stride }: Sizes): readonly Layer[] => {
  const hidden = from.channels * expand
  const at = expand === 1 ? 0 : 1
  const isSum = stride === 1 && from.channels === out
  const last = batchNorm2d(`${name}.conv.${at + 2}`, isSum ? {} : { id: name })
  return [
    ...(expand === 1
      ? []
      : [
          conv2d(`${name}.conv.0.0`, { inputs: [from.id], out: hidden, kernel: 1, bias: 'none' as const }),
          batchNorm2d(`${name}.conv.0.1`),
          relu6({ id: `${name}.wide` }),
        ]),
    conv2d(`${name}.conv.${at}.0`, {
      inputs: [expand === 1 ? from.id : `${name}.wide`],
      out: hidden,
      kernel: 3,
      stride,
      padding: 1,
      groups: hidden,
      bias: 'none',
    }),
    batchNorm2d(`${name}.conv.${at}.1`),
    relu6(),
    conv2d(`${name}.conv.${at + 1}`, { out, kernel: 1, bias: 'none' }),
    last,
    ...(isSum ? [add([`${name}.conv.${at + 2}`, from.id], { id: name })] : []),
  ]
}

/** Multiples that are published, and some narrow ones. */
const multipliers = [1, 0.1, 0.25, 0.35, 0.5, 0.75, 1.3, 1.4, 2] as const

/**
 * The options of a MobileNetV2 that a file's tensors show. They do not show the size of its images.
 *
 * @param outputs those of the file's layers
 */
export const mobilenetV2Shown = (outputs: OutputsOf): MobilenetV2Options => {
  const seen = [outputs('features.0.0'), outputs('features.17.conv.2')]
  const multiplier = multipliers.find((one) => seen[0] === roundedTo8(32 * one) && seen[1] === roundedTo8(320 * one))
  return given({ classes: outputs('classifier.1'), multiplier })
}
