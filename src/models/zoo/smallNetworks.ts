// Small networks of verification and certified training, by the names of their files.
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { add, conv2d, flatten, linear, maxPool2d, relu } from '../layers/layers.js'
import { cifarImages } from './common/cifar.js'

const grey28 = { height: 28, width: 28, channels: 1 } as const

/**
 * TRADES' SmallCNN for MNIST: four convolutions, two of pooling, three linear layers. 312,202 parameters.
 *
 * Source: Zhang et al., "Theoretically Principled Trade-off between Robustness and Accuracy", ICML 2019; Carlini, Wagner,
 * "Towards Evaluating the Robustness of Neural Networks", 2017, whose network it is.
 */
export const smallCnn: Architecture = architecture('smallCnn', grey28, [
  conv2d('feature_extractor.conv1', { out: 32, kernel: 3 }),
  relu(),
  conv2d('feature_extractor.conv2', { out: 32, kernel: 3 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  conv2d('feature_extractor.conv3', { out: 64, kernel: 3 }),
  relu(),
  conv2d('feature_extractor.conv4', { out: 64, kernel: 3 }),
  relu(),
  maxPool2d({ kernel: 2 }),
  flatten(),
  linear('classifier.fc1', { out: 200 }),
  relu(),
  linear('classifier.fc2', { out: 200 }),
  relu(),
  linear('classifier.fc3', { out: 10 }),
])

/** The base network of OVAL's CIFAR-10 benchmark (VNN-COMP 2021): `cifarNet` with half the channels. 105,966 parameters. */
export const ovalBase: Architecture = architecture('ovalBase', cifarImages, [
  conv2d('0', { out: 8, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  conv2d('2', { out: 16, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  flatten(),
  linear('5', { out: 100 }),
  relu(),
  linear('7', { out: 10 }),
])

/** The deep network of OVAL's CIFAR-10 benchmark (VNN-COMP 2021): four convolutions of 8 channels. */
export const ovalDeep: Architecture = architecture('ovalDeep', cifarImages, [
  conv2d('0', { out: 8, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  conv2d('2', { out: 8, kernel: 3, padding: 1 }),
  relu(),
  conv2d('4', { out: 8, kernel: 3, padding: 1 }),
  relu(),
  conv2d('6', { out: 8, kernel: 4, stride: 2, padding: 1 }),
  relu(),
  flatten(),
  linear('9', { out: 100 }),
  relu(),
  linear('11', { out: 10 }),
])

/** COLT's convolutional network for MNIST, with the tensors of its certificates, which the network does not use. */
export const coltMnist: Architecture = architecture(
  'coltMnist',
  grey28,
  [
    conv2d('blocks.layers.1.conv', { out: 32, kernel: 5, stride: 2, padding: 2 }),
    relu(),
    conv2d('blocks.layers.3.conv', { out: 64, kernel: 4, stride: 2, padding: 1 }),
    relu(),
    flatten(),
    linear('blocks.layers.6.linear', { out: 100 }),
    relu(),
    linear('blocks.layers.8.linear', { out: 10 }),
  ],
  { unused: ['blocks.layers.2.deepz_lambda', 'blocks.layers.4.deepz_lambda', 'blocks.layers.7.deepz_lambda'] },
)

/** How a release names the layers of the ResNet with two blocks. */
interface Resnet2bNames {
  readonly stem: string
  /** The layers of block 0 or 1: its two convolutions and that of the shortcut. */
  readonly block: (index: 0 | 1) => readonly [first: string, second: string, shortcut: string]
  readonly linear: readonly [string, string]
}

const resnet2bBy = (name: string, { stem, block, linear: [first, second] }: Resnet2bNames): Architecture => {
  const layersOf = (index: 0 | 1, from: string): readonly Layer[] => {
    const [conv1, conv2, shortcut] = block(index)
    const changes = index === 0
    return [
      conv2d(conv1, { inputs: [from], out: 16, kernel: 3, stride: changes ? 2 : 1, padding: 1 }),
      relu(),
      conv2d(conv2, { out: 16, kernel: 3, padding: 1 }),
      ...(changes ? [conv2d(shortcut, { inputs: [from], out: 16, kernel: 1, stride: 2 })] : []),
      add([conv2, changes ? shortcut : from]),
      relu({ id: `block ${index}` }),
    ]
  }
  return architecture(name, cifarImages, [
    conv2d(stem, { out: 8, kernel: 3, stride: 2, padding: 1 }),
    relu({ id: 'stem' }),
    ...layersOf(0, 'stem'),
    ...layersOf(1, 'block 0'),
    flatten(),
    linear(first, { out: 100 }),
    relu(),
    linear(second, { out: 10 }),
  ])
}

/** The ResNet of two blocks without batch normalisation of VNN-COMP 2021 (CIFAR-10). 112,006 parameters. */
export const resnet2b: Architecture = resnet2bBy('resnet2b', {
  stem: 'conv1',
  block: (index) => [`layer1.${index}.conv1`, `layer1.${index}.conv2`, `layer1.${index}.shortcut.0`],
  linear: ['linear1', 'linear2'],
})

/** `resnet2b` with the names of MN-BaB, a `torch.nn.Sequential`. */
export const resnet2bMnbab: Architecture = resnet2bBy('resnet2bMnbab', {
  stem: '0',
  block: (index) => [`2.${2 * index}.path_b.0`, `2.${2 * index}.path_b.2`, `2.${2 * index}.path_a.1`],
  linear: ['4', '6'],
})
