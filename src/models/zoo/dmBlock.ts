import { given } from '../../dsl/kit/given.js'
import { type NamedNormalisation, normalisationOption, numbersOf } from '../architecture/imageNormalisations.js'
import type { Layer } from '../layers/layer.js'
import { avgPool2d, batchNorm2d, conv2d, flatten, linear, normalize, pad2d } from '../layers/layers.js'
import { type Activation, activationName } from './common/activationNames.js'
import type { OutputsOf } from './common/outputs.js'

/** The options that both of DeepMind's networks have, and what they stand for. */
export const dmFields = {
  /** The function after each batch normalisation; SiLU is called Swish there. @default 'silu' */
  activation: activationName().default('silu'),
  /** The normalisation of its images. @default 'cifar10' */
  normalisation: normalisationOption().default('cifar10'),
} as const

/**
 * A 3×3 convolution without bias, padded as TensorFlow pads `SAME`: on all sides with stride 1, on the right and at the
 * bottom with stride 2.
 */
export const samePadded = (name: string, from: string, out: number, stride: number): readonly Layer[] =>
  stride === 1
    ? [conv2d(name, { inputs: [from], out, kernel: 3, padding: 1, bias: 'none' })]
    : [
        pad2d({ id: `${name}.pad`, inputs: [from], right: 1, bottom: 1 }),
        conv2d(name, { out, kernel: 3, stride, bias: 'none' }),
      ]

/** What both networks have in common, and where they differ. */
interface DmParts {
  /** The name of the first convolution. */
  readonly stem: string
  readonly blocks: readonly Layer[]
  /** Side of the images after the last block, in pixels. */
  readonly pooled: number
  readonly active: Activation
  readonly normalisation: NamedNormalisation
  readonly width: number
  readonly classes: number
}

/** The layers of either network: normalisation, first convolution, blocks, and the layers to the logits. */
export const dmLayers = ({
  stem,
  blocks,
  pooled,
  active,
  normalisation,
  width,
  classes,
}: DmParts): readonly Layer[] => {
  const constants = numbersOf(normalisation)
  return [
    ...(constants ? [normalize(constants)] : []),
    conv2d(stem, { out: width, kernel: 3, padding: 1, bias: 'none' }),
    ...blocks,
    batchNorm2d('batchnorm'),
    active({ id: 'relu' }),
    avgPool2d({ kernel: pooled }),
    flatten(),
    linear('logits', { out: classes }),
  ]
}

/** The layers of either network's block without its shortcut: second(f(bn(first(f(bn(x)))))). */
export const dmConvolutions = (
  name: string,
  [first, second]: readonly [first: string, second: string],
  from: string,
  out: number,
  stride: number,
  active: Activation,
): readonly Layer[] => [
  batchNorm2d(`${name}.batchnorm_0`, { inputs: [from] }),
  active({ id: `${name}.relu_0` }),
  ...samePadded(`${name}.${first}`, `${name}.relu_0`, out, stride),
  batchNorm2d(`${name}.batchnorm_1`),
  active({ id: `${name}.relu_1` }),
  conv2d(`${name}.${second}`, { out, kernel: 3, padding: 1, bias: 'none' }),
]

/**
 * The options that a file of either network shows. A network of 100 classes is of CIFAR-100, with its normalisation,
 * which the file does not hold.
 */
export const dmShown = (outputs: OutputsOf) => {
  const classes = outputs('logits')
  return given({ classes, normalisation: classes === 100 ? ('cifar100' as const) : undefined })
}
