import { given } from '../../dsl/kit/given.js'
import { choice } from '../../dsl/options/kinds.js'
import { gelu, leakyRelu, mish, silu } from '../architecture/activations.js'
import type { Layer, Placement } from '../architecture/layer.js'
import { conv2d, pad2d, relu } from '../architecture/layers.js'
import { cifar10Normalisation, cifar100Normalisation } from './cifar.js'
import type { OutputsOf } from './outputs.js'

const activations = { silu, relu, gelu, leakyRelu, mish } as const

/** A layer after each batch normalisation. */
export type DmActivation = (placement: Placement) => Layer

/** The options that both of DeepMind's networks have, and what they stand for. */
export const dmFields = {
  /** The function after each batch normalisation; SiLU is called Swish there. @default 'silu' */
  activation: choice(['silu', 'relu', 'gelu', 'leakyRelu', 'mish']).default('silu'),
  /** The normalisation of its images. @default 'cifar10' */
  normalisation: choice(['cifar10', 'cifar100', 'none']).default('cifar10'),
} as const

/** The layer of the function of that name. */
export const dmActivation = (name: keyof typeof activations): DmActivation => activations[name]

/** The constants of each normalisation. */
export const dmNormalisation = {
  cifar10: cifar10Normalisation,
  cifar100: cifar100Normalisation,
  none: undefined,
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

/**
 * The options that a file of either network shows. A network of 100 classes is of CIFAR-100, with its normalisation,
 * which the file does not hold.
 */
export const dmShown = (outputs: OutputsOf) => {
  const classes = outputs('logits')
  return given({ classes, normalisation: classes === 100 ? ('cifar100' as const) : undefined })
}
