import { rejectOption } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { choice, whole } from '../../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../../architecture/architecture.js'
import { gelu } from '../../layers/activations.js'
import { selectChannels } from '../../layers/channelLayers.js'
import type { Layer } from '../../layers/layer.js'
import { add, conv2d, linear } from '../../layers/layers.js'
import { layerNorm } from '../../layers/normalisations.js'
import { attention, classToken, positionEmbedding, takeToken } from '../../layers/tokens.js'
import { blocksIn, type OutputsOf } from '../common/outputs.js'

/** What {@link vit} takes. */
export const vitOptions = declareOptions('vit', {
  /** Number of classes, ≥ 1. @default 1000 */
  classes: whole(1).default(1000),
  /** Side of its square images, in pixels, ≥ 1. @default 224 */
  size: whole(1, { unit: 'pixels' }).default(224),
  /** Side of a patch, in pixels, ≥ 1: a divisor of the size. @default 16 */
  patch: whole(1, { unit: 'pixels' }).default(16),
  /** Number of blocks, ≥ 1. @default 12 */
  depth: whole(1).default(12),
  /** Channels of a token, ≥ 1. @default 768 */
  width: whole(1, { unit: 'channels' }).default(768),
  /** Number of heads, ≥ 1: a divisor of the width. @default one for 64 channels; 16 for 1,280 */
  heads: whole(1).optional('one for 64 channels; 16 for 1,280'),
  /** Hidden channels of each block, ≥ 1. @default 4 times the width */
  hidden: whole(1, { unit: 'channels' }).optional('4 times the width'),
  /**
   * The layers before the tokens: one convolution of patches, or five (RobustBench's ConvStem, with timm's names), whose
   * patches have 16 pixels a side.
   * @default 'patches'
   */
  stem: choice(['patches', 'convolutions']).default('patches'),
  /** Channels of the first of five convolutions, ≥ 1. @default 48 */
  stemWidth: whole(1, { unit: 'channels' }).default(48),
  /** The release whose names its tensors have. @default 'torchvision' */
  release: choice(['torchvision', 'timm']).default('torchvision'),
})

/** Options of {@link vit}. */
export interface VitOptions extends OptionsOf<typeof vitOptions> {}

/** Names of a release's tensors; those of a block after its own. */
interface Names {
  readonly patches: string
  /** The prefix of a stem of convolutions. @default the release has none */
  readonly convolutions?: string
  readonly token: string
  readonly positions: string
  readonly block: (index: number) => string
  readonly norms: readonly [string, string]
  readonly projection: string
  readonly attended: string
  readonly hidden: readonly [string, string]
  readonly norm: string
  readonly head: string
}

const releases: Readonly<Record<'torchvision' | 'timm', Names>> = {
  torchvision: {
    patches: 'conv_proj',
    token: 'class_token',
    positions: 'encoder.pos_embedding',
    block: (index) => `encoder.layers.encoder_layer_${index}`,
    norms: ['ln_1', 'ln_2'],
    projection: 'self_attention.in_proj',
    attended: 'self_attention.out_proj',
    hidden: ['mlp.0', 'mlp.3'],
    norm: 'encoder.ln',
    head: 'heads.head',
  },
  timm: {
    patches: 'patch_embed.proj',
    convolutions: 'patch_embed.proj.stem',
    token: 'cls_token',
    positions: 'pos_embed',
    block: (index) => `blocks.${index}`,
    norms: ['norm1', 'norm2'],
    projection: 'attn.qkv',
    attended: 'attn.proj',
    hidden: ['mlp.fc1', 'mlp.fc2'],
    norm: 'norm',
    head: 'head',
  },
}

/** torchvision's and timm's ε. */
const NORM = { epsilon: 1e-6 }

/**
 * A Vision Transformer: ViT-B/16 without options, as torchvision's `vit_b_16`, or with timm's names. Images are those that
 * the network was trained on; add their normalisation by `withNormalisation`.
 *
 * Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021; stems of convolutions: Singh, Croce, Hein,
 * "Revisiting Adversarial Training for ImageNet", NeurIPS 2023.
 * @example
 * const tiny = vit({ size: 32, patch: 4, depth: 6, width: 192, heads: 3, classes: 10, release: 'timm' })
 * @throws OptionError for heads that don't divide the width, and for a stem of convolutions without timm's names or with
 * patches that are not of 16 pixels
 */
export const vit = (options: VitOptions = {}): Architecture => {
  const read = vitOptions.read(options)
  const { classes, size, patch, depth, width, release } = read
  const { heads = usualHeads(width), hidden = 4 * width } = read
  const names = releases[release]
  const blocks = Array.from({ length: depth }, (_, index) => block(index, names, { width, heads, hidden })).flat()
  const name = `vit${release === 'timm' ? ' of timm' : ''}, ${depth} blocks of width ${width}, patches of ${patch}${
    read.stem === 'patches' ? '' : ' by convolutions'
  }`
  return architecture(name, { height: size, width: size, channels: 3 }, [
    ...stemLayers(names, read),
    classToken(names.token),
    positionEmbedding(names.positions),
    ...blocks,
    layerNorm(names.norm, NORM),
    takeToken(),
    linear(names.head, { out: classes }),
  ])
}

/** Heads of 64 channels; ViT-H has fewer, wider ones. */
const usualHeads = (width: number): number => (width === 1280 ? 16 : width % 64 === 0 ? width / 64 : 1)

type Stem = Pick<ReturnType<typeof vitOptions.read>, 'stem' | 'stemWidth' | 'patch' | 'width'>

/** Tokens as the pixels of an image. */
const stemLayers = (names: Names, { stem, stemWidth, patch, width }: Stem): readonly Layer[] => {
  if (stem === 'patches') return [conv2d(names.patches, { out: width, kernel: patch, stride: patch })]
  const { convolutions } = names
  if (!convolutions) return rejectOption('vit', "release: 'timm' for a stem of convolutions", 'another')
  if (patch !== 16) rejectOption('vit', 'patches of 16 pixels for a stem of convolutions', patch)
  return [
    ...[1, 2, 4, 8].flatMap((times, i) => [
      conv2d(`${convolutions}.${3 * i}`, { out: times * stemWidth, kernel: 3, stride: 2, padding: 1 }),
      layerNorm(`${convolutions}.${3 * i + 1}`, NORM),
      gelu({ id: `${convolutions}.${3 * i + 2}` }),
    ]),
    conv2d(`${convolutions}.12`, { out: width, kernel: 1 }),
  ]
}

interface Sizes {
  readonly width: number
  readonly heads: number
  readonly hidden: number
}

/** Attention and a hidden layer, each with a shortcut. */
const block = (index: number, names: Names, { width, heads, hidden }: Sizes): readonly Layer[] => {
  const own = names.block(index)
  const [first, second] = names.norms
  const [wide, narrow] = names.hidden
  const before = index === 0 ? names.positions : `${names.block(index - 1)}.out`
  const part = (place: number): readonly number[] => Array.from({ length: width }, (_, c) => place * width + c)
  const projection = `${own}.${names.projection}`
  const parts = ['queries', 'keys', 'values'].map((what) => `${own}.${what}`)
  return [
    layerNorm(`${own}.${first}`, { inputs: [before], ...NORM }),
    conv2d(projection, { out: 3 * width, kernel: 1 }),
    ...parts.map((id, place) => selectChannels({ id, inputs: [projection], channels: part(place) })),
    attention(parts, { heads, id: `${own}.heads` }),
    conv2d(`${own}.${names.attended}`, { out: width, kernel: 1 }),
    add([`${own}.${names.attended}`, before], { id: `${own}.sum` }),
    layerNorm(`${own}.${second}`, NORM),
    conv2d(`${own}.${wide}`, { out: hidden, kernel: 1 }),
    gelu(),
    conv2d(`${own}.${narrow}`, { out: width, kernel: 1 }),
    add([`${own}.${narrow}`, `${own}.sum`], { id: `${own}.out` }),
  ]
}

/**
 * The options of a ViT that a file's tensors show. They do not show its heads.
 *
 * @param outputs those of the file's layers
 */
export const vitShown = (outputs: OutputsOf, release: keyof typeof releases): VitOptions => {
  const names = releases[release]
  const stemWidth = outputs(`${names.convolutions}.0`)
  const patch = stemWidth === undefined ? outputs(names.patches, 2) : 16
  const side = Math.sqrt((outputs(names.positions, 1) ?? Number.NaN) - 1)
  const [wide] = names.hidden
  return given({
    classes: outputs(names.head),
    size: patch !== undefined && Number.isInteger(side) && side > 0 ? side * patch : undefined,
    patch,
    depth: blocksIn(outputs, (index) => `${names.block(index)}.${names.norms[0]}`),
    width: outputs(names.norm),
    hidden: outputs(`${names.block(0)}.${wide}`),
    stem: stemWidth === undefined ? ('patches' as const) : ('convolutions' as const),
    stemWidth,
    release,
  })
}
