import { rejectOption } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { choice, list, whole } from '../../../dsl/options/kinds.js'
import { adaptiveAvgPool2d } from '../../architecture/adaptivePool.js'
import { type Architecture, architecture } from '../../architecture/architecture.js'
import { gelu } from '../../layers/activations.js'
import { layerScale } from '../../layers/channelLayers.js'
import type { Layer } from '../../layers/layer.js'
import { add, conv2d, flatten, linear } from '../../layers/layers.js'
import { layerNorm } from '../../layers/normalisations.js'
import { blocksIn, type OutputsOf } from '../common/outputs.js'
import { type ConvnextNames, convnextReleases } from './convnextNames.js'

/** What {@link convnext} takes. */
export const convnextOptions = declareOptions('convnext', {
  /** Number of classes, ≥ 1. @default 1000 */
  classes: whole(1).default(1000),
  /** Side of its square images, in pixels, ≥ 32. @default 224 */
  size: whole(32, { unit: 'pixels' }).default(224),
  /** Number of blocks in each of the four stages. @default [3, 3, 9, 3] */
  depths: list(whole(1)).default([3, 3, 9, 3]),
  /** Channels of the first stage, ≥ 1; each stage has twice those of the one before it. @default 96 */
  width: whole(1, { unit: 'channels' }).default(96),
  /**
   * The layers before the first stage: one convolution of patches of 4 × 4 pixels, or two or three convolutions of 3 × 3
   * pixels (RobustBench's ConvStem, with timm's names).
   * @default 'patches'
   */
  stem: choice(['patches', 'twoConvolutions', 'threeConvolutions']).default('patches'),
  /** The release whose names its tensors have. @default 'torchvision' */
  release: choice(['torchvision', 'timm', 'facebook']).default('torchvision'),
})

/** Options of {@link convnext}. */
export interface ConvnextOptions extends OptionsOf<typeof convnextOptions> {}

/** ε of all normalisations, in all releases. */
const NORM = { epsilon: 1e-6 }

/**
 * A ConvNeXt: ConvNeXt-T without options, with the names of torchvision, of timm or of its authors' release. ConvNeXt-S has
 * `depths: [3, 3, 27, 3]`, B also `width: 128`, L `width: 192`. Images are those that the network was trained on; add their
 * normalisation by `withNormalisation`.
 *
 * Source: Liu et al., "A ConvNet for the 2020s", CVPR 2022; stems of convolutions: Singh, Croce, Hein, "Revisiting
 * Adversarial Training for ImageNet", NeurIPS 2023.
 * @example
 * const robust = convnext({ release: 'timm', stem: 'twoConvolutions' })
 * @throws OptionError unless there are four depths, for a stem of convolutions without timm's names, or for one of three with
 * an odd width or one that 4 does not divide
 */
export const convnext = (options: ConvnextOptions = {}): Architecture => {
  const { classes, size, depths, width, stem, release } = convnextOptions.read(options)
  if (depths.length !== 4) rejectOption('convnext', 'depths of four stages', `${depths}`)
  const names = convnextReleases[release]
  const layers: Layer[] = [...stemLayers({ stem, width, names })]
  let before = layers.at(-1)?.id ?? ''
  for (const [stage, depth] of depths.entries()) {
    const out = width * 2 ** stage
    if (stage > 0) {
      const { norm, conv } = names.halving(stage)
      layers.push(layerNorm(norm, { inputs: [before], ...NORM }), conv2d(conv, { out, kernel: 2, stride: 2 }))
      before = conv
    }
    for (let index = 0; index < depth; index++) {
      layers.push(...block(names, { stage, index, out }, before))
      before = names.block(stage, index)
    }
  }
  const of = release === 'torchvision' ? '' : ` of ${release}`
  const by = stem === 'patches' ? '' : `, stem of ${stem === 'twoConvolutions' ? 'two' : 'three'} convolutions`
  return architecture(`convnext${of} ${depths.join('-')} of width ${width}${by}`, square(size), [
    ...layers,
    adaptiveAvgPool2d(),
    flatten(),
    layerNorm(names.norm, NORM),
    linear(names.head, { out: classes }),
  ])
}

const square = (size: number) => ({ height: size, width: size, channels: 3 })

interface Stem extends Pick<Required<ConvnextOptions>, 'stem'> {
  readonly width: number
  readonly names: ConvnextNames
}

/** A quarter of the pixels along each side, and the channels of the first stage. */
const stemLayers = ({ stem, width, names }: Stem): readonly Layer[] => {
  if (stem === 'patches')
    return [
      conv2d(names.stem.conv, { out: width, kernel: 4, stride: 4 }),
      layerNorm(names.stem.norm, { id: names.stem.norm, ...NORM }),
    ]
  const { convolutions } = names
  if (!convolutions) return rejectOption('convnext', "release: 'timm' for a stem of convolutions", 'another')
  const wide = stem === 'twoConvolutions' ? [width / 2, width] : [width / 2, (3 * width) / 4, width]
  if (!wide.every(Number.isInteger))
    rejectOption('convnext', `a width that ${stem === 'twoConvolutions' ? 2 : 4} divides`, width)
  return wide.flatMap((out, i) => [
    // The last of three keeps the size of the image.
    conv2d(`${convolutions}.${3 * i}`, { out, kernel: 3, stride: i < 2 ? 2 : 1, padding: 1 }),
    layerNorm(`${convolutions}.${3 * i + 1}`, NORM),
    gelu({ id: `${convolutions}.${3 * i + 2}` }),
  ])
}

interface Place {
  readonly stage: number
  readonly index: number
  /** Channels of the stage. */
  readonly out: number
}

/** x + γ·narrow(gelu(wide(norm(depthwise(x))))), with one number γ for each channel. */
const block = (names: ConvnextNames, { stage, index, out }: Place, before: string): readonly Layer[] => {
  const own = names.block(stage, index)
  const { depthwise, norm, wide, narrow, scale, shape } = names.parts
  return [
    conv2d(`${own}.${depthwise}`, { inputs: [before], out, kernel: 7, padding: 3, groups: out }),
    layerNorm(`${own}.${norm}`, NORM),
    conv2d(`${own}.${wide}`, { out: 4 * out, kernel: 1 }),
    gelu(),
    conv2d(`${own}.${narrow}`, { out, kernel: 1 }),
    layerScale(`${own}.${scale}`, { tensor: shape }),
    add([`${own}.${scale}`, before], { id: own }),
  ]
}

/**
 * The options of a ConvNeXt that a file's tensors show. They do not show the size of its images.
 *
 * @param outputs those of the file's layers
 */
export const convnextShown = (outputs: OutputsOf, release: keyof typeof convnextReleases): ConvnextOptions => {
  const names = convnextReleases[release]
  const { depthwise } = names.parts
  const depths = [0, 1, 2, 3].flatMap(
    (stage) => blocksIn(outputs, (index) => `${names.block(stage, index)}.${depthwise}`) ?? [],
  )
  const [two, three] = [3, 6].map((place) => outputs(`${names.convolutions}.${place}`) !== undefined)
  return given({
    classes: outputs(names.head),
    depths: depths.length === 4 ? depths : undefined,
    width: outputs(`${names.block(0, 0)}.${depthwise}`),
    stem: three ? ('threeConvolutions' as const) : two ? ('twoConvolutions' as const) : ('patches' as const),
    release,
  })
}
