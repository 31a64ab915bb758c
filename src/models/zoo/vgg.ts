import { given } from '../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../dsl/options/declare.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../architecture/architecture.js'
import type { Layer } from '../architecture/layer.js'
import { batchNorm2d, conv2d, flatten, linear, maxPool2d, relu } from '../architecture/layers.js'
import { cifarImages, namedByWidth } from './cifar.js'
import type { OutputsOf } from './outputs.js'

/** What {@link vgg16bn} takes. */
export const vgg16bnOptions = declareOptions('vgg16bn', {
  /** Number of classes, ≥ 1. @default 10 */
  classes: whole(1).default(10),
  /** Channels of the first stage, ≥ 1; the others have 2, 4, 8 and 8 times as many. @default 64 */
  width: whole(1, { unit: 'channels' }).default(64),
  /** The release whose structure and names it has. @default 'pytorch-cifar' */
  release: choice(['pytorch-cifar', 'hydra']).default('pytorch-cifar'),
})

/** Options of {@link vgg16bn}. */
export interface VggOptions extends OptionsOf<typeof vgg16bnOptions> {}

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
  const { classes, width, release } = vgg16bnOptions.read(options)
  const name = 'vgg16bn'
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

/**
 * The options of a VGG-16 that a file's tensors show.
 *
 * @param outputs those of the file's layers
 */
export const vggShown = (outputs: OutputsOf): VggOptions => {
  const hydra = outputs('classifier') === undefined && outputs('classifier.4') !== undefined
  return given({
    classes: outputs(hydra ? 'classifier.4' : 'classifier'),
    width: outputs('features.0'),
    release: hydra ? ('hydra' as const) : ('pytorch-cifar' as const),
  })
}
