import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import { adaptiveAvgPool2d } from '../architecture/adaptivePool.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import { concat } from '../layers/channelLayers.js'
import type { Layer } from '../layers/layer.js'
import { avgPool2d, batchNorm2d, conv2d, flatten, linear, maxPool2d, relu } from '../layers/layers.js'
import type { Source } from './common/cifar.js'
import type { OutputsOf } from './common/outputs.js'

/** What {@link densenet121} takes. */
export const densenet121Options = declareOptions('densenet121', {
  /** Number of classes, ≥ 1. @default 1000 */
  classes: whole(1).default(1000),
  /** Channels that each layer of a block adds, ≥ 1. @default 32 */
  growth: whole(1, { unit: 'channels' }).default(32),
  /** Channels of the first convolution, ≥ 1. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
  /** Side of its square images, in pixels, ≥ 32. @default 224 */
  size: whole(32, { unit: 'pixels' }).default(224),
})

/** Options of {@link densenet121}. */
export interface DensenetOptions extends OptionsOf<typeof densenet121Options> {}

/** Layers of each block. */
const counts = [6, 12, 24, 16] as const

/**
 * DenseNet-121 with the names of torchvision: each layer of a block reads the outputs of all layers before it. 7,978,856
 * parameters with 1000 classes. With `size: 32` it is for CIFAR's images.
 *
 * Source: Huang et al., "Densely Connected Convolutional Networks", CVPR 2017.
 *
 * @throws OptionError for a size, a width, a growth or a number of classes that is not a whole number in its range
 */
export const densenet121 = (options: DensenetOptions = {}): Architecture => {
  const { classes, growth, width, size } = densenet121Options.read(options)
  let from: Source = { id: 'stem', channels: width }
  const body: Layer[] = []
  for (const [i, count] of counts.entries()) {
    for (let layer = 1; layer <= count; layer++) {
      const id = `features.denseblock${i + 1}.denselayer${layer}`
      body.push(...denseLayer(id, from, growth))
      from = { id, channels: from.channels + growth }
    }
    if (i === counts.length - 1) break
    const id = `features.transition${i + 1}`
    const channels = Math.floor(from.channels / 2)
    body.push(...transition(id, from, channels))
    from = { id, channels }
  }
  const name = growth === 32 && width === 64 ? 'densenet121' : `densenet121 of growth ${growth} and width ${width}`
  return architecture(name, { height: size, width: size, channels: 3 }, [
    conv2d('features.conv0', { out: width, kernel: 7, stride: 2, padding: 3, bias: 'none' }),
    batchNorm2d('features.norm0'),
    relu(),
    maxPool2d({ kernel: 3, stride: 2, padding: 1, id: 'stem' }),
    ...body,
    batchNorm2d('features.norm5'),
    relu(),
    adaptiveAvgPool2d(),
    flatten(),
    linear('classifier', { out: classes }),
  ])
}

/** x and conv2(relu(norm2(conv1(relu(norm1(x)))))), one after the other. */
const denseLayer = (name: string, from: Source, growth: number): readonly Layer[] => [
  batchNorm2d(`${name}.norm1`, { inputs: [from.id] }),
  relu(),
  conv2d(`${name}.conv1`, { out: 4 * growth, kernel: 1, bias: 'none' }),
  batchNorm2d(`${name}.norm2`),
  relu(),
  conv2d(`${name}.conv2`, { out: growth, kernel: 3, padding: 1, bias: 'none' }),
  concat([from.id, `${name}.conv2`], { id: name }),
]

/** Half the channels, and a quarter of the pixels. */
const transition = (name: string, from: Source, out: number): readonly Layer[] => [
  batchNorm2d(`${name}.norm`, { inputs: [from.id] }),
  relu(),
  conv2d(`${name}.conv`, { out, kernel: 1, bias: 'none' }),
  avgPool2d({ kernel: 2, id: name }),
]

/**
 * The options of a DenseNet-121 that a file's tensors show. They do not show the size of its images.
 *
 * @param outputs those of the file's layers
 */
export const densenetShown = (outputs: OutputsOf): DensenetOptions =>
  given({
    classes: outputs('classifier'),
    growth: outputs('features.denseblock1.denselayer1.conv2'),
    width: outputs('features.conv0'),
  })
