import { checkOptions } from '../../dsl/checkOptions.js'
import { checkWhole } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import { batchNorm2d, conv2d, flatten, type Layer, linear, maxPool2d, relu } from '../architecture/layers.js'
import { cifarImages, namedByWidth } from './cifar.js'

/** Options of {@link vgg16bn}. */
export interface VggOptions {
  /** Number of classes, ≥ 1. @default 10 */
  readonly classes?: number
  /** Channels of the first stage, ≥ 1; the others have 2, 4, 8 and 8 times as many. @default 64 */
  readonly width?: number
  /** The release whose structure and names it has. @default 'pytorch-cifar' */
  readonly release?: (typeof releases)[number]
}

const releases = ['pytorch-cifar', 'hydra'] as const

/** Convolutions of each stage; each has `times` · `width` channels. */
const stages = [
  { convolutions: 2, times: 1 },
  { convolutions: 2, times: 2 },
  { convolutions: 3, times: 4 },
  { convolutions: 3, times: 8 },
  { convolutions: 3, times: 8 },
] as const

/**
 * VGG-16 with batch normalisation for 32 × 32 colour images: 13 convolutions `features.N` in five stages.
 *
 * - `pytorch-cifar` (kuangliu's, and FlyingBird's pruned networks): pooling after each stage, then one linear layer,
 *   `classifier`. 14,728,266 parameters at width 64.
 * - `hydra` (HYDRA's robust and pruned networks, and HARP's): convolutions without bias, no pooling after the last
 *   stage, then three linear layers, `classifier.0`, `.2` and `.4`. 15,311,818 parameters.
 *
 * Source: Simonyan, Zisserman, "Very Deep Convolutional Networks", ICLR 2015.
 *
 * @example
 * const robust = vgg16bn({ release: 'hydra' })
 * @throws OptionError for a number of classes or a width that is not a whole number ≥ 1, or an unknown release
 */
export const vgg16bn = (options: VggOptions = {}): Architecture => {
  const {
    classes = 10,
    width = 64,
    release = 'pytorch-cifar',
  } = checkOptions('vgg16bn', options, { classes: true, width: true, release: true })
  const name = 'vgg16bn'
  checkWhole(name, 'classes', classes, 1)
  checkWhole(name, 'width', width, 1)
  if (!releases.includes(release)) rejectOption(name, `a release among ${releases.join(', ')}`, release)
  const hydra = release === 'hydra'
  const features: Layer[] = []
  for (const [stage, { convolutions, times }] of stages.entries()) {
    for (let i = 0; i < convolutions; i++) {
      const place = features.length
      features.push(
        conv2d(`features.${place}`, { out: width * times, kernel: 3, padding: 1, bias: hydra ? 'none' : 'learned' }),
        batchNorm2d(`features.${place + 1}`),
        relu(),
      )
    }
    if (!hydra || stage < stages.length - 1) features.push(maxPool2d({ kernel: 2 }))
  }
  const head = hydra
    ? [
        linear('classifier.0', { out: width * 4 }),
        relu(),
        linear('classifier.2', { out: width * 4 }),
        relu(),
        linear('classifier.4', { out: classes }),
      ]
    : [linear('classifier', { out: classes })]
  const published = hydra ? `${name} of HYDRA` : name
  return architecture(namedByWidth(published, width, 64), cifarImages, [...features, flatten(), ...head])
}
