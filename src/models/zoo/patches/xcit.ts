import { rejectOption } from '../../../dsl/errors.js'
import { given } from '../../../dsl/kit/given.js'
import { declareOptions, type OptionsOf } from '../../../dsl/options/declare.js'
import { whole } from '../../../dsl/options/kinds.js'
import { type Architecture, architecture } from '../../architecture/architecture.js'
import { gelu } from '../../layers/activations.js'
import { layerScale, scale, selectChannels } from '../../layers/channelLayers.js'
import type { Layer } from '../../layers/layer.js'
import { add, avgPool2d, batchNorm2d, conv2d, flatten, linear, pad2d } from '../../layers/layers.js'
import { layerNorm, unitNorm } from '../../layers/normalisations.js'
import { attention, classToken, crossCovariance, fourierPositions } from '../../layers/tokens.js'
import { blocksIn, type OutputsOf } from '../common/outputs.js'

/** What {@link xcit} takes. */
export const xcitOptions = declareOptions('xcit', {
  /** Number of classes, ≥ 1. @default 1000 */
  classes: whole(1).default(1000),
  /** Side of its square images, in pixels, ≥ 1. @default 224 */
  size: whole(1, { unit: 'pixels' }).default(224),
  /** Side of a patch, in pixels: 16, 8, 4, 2 or 1. @default 16 */
  patch: whole(1, { unit: 'pixels' }).default(16),
  /** Number of blocks, ≥ 1. @default 12 */
  depth: whole(1).default(12),
  /** Channels, a multiple of 8. @default 384 */
  width: whole(8, { unit: 'channels' }).default(384),
  /** Number of heads, ≥ 1: a divisor of the width. @default 8 */
  heads: whole(1).default(8),
  /** Hidden channels of each block, ≥ 1. @default 4 times the width */
  hidden: whole(1, { unit: 'channels' }).optional('4 times the width'),
  /** Blocks at the end in which only the class token attends, ≥ 1. @default 2 */
  classBlocks: whole(1).default(2),
  /** Number of sines and cosines of each patch's place, a multiple of 4. @default 64 */
  features: whole(4).default(64),
})

/** Options of {@link xcit}. */
export interface XcitOptions extends OptionsOf<typeof xcitOptions> {}

/** Convolutions before the blocks; each halves the image, or, of the first ones, keeps its size. */
const STEM = 4

/** timm's ε. */
const NORM = { epsilon: 1e-6 }

/**
 * XCiT with the names of timm: convolutions instead of patches, blocks in which channels attend to channels, and blocks in which
 * a class token attends to all others. Without options it is XCiT-S12/16; RobustBench's networks for CIFAR-10 have `size: 32,
 * patch: 4`: the first two convolutions of the same weights have stride 1. XCiT-S12 has 26,253,304 parameters with 1000
 * classes; M12 has width 512, L12 width 768 and 16 heads.
 *
 * Source: El-Nouby et al., "XCiT: Cross-Covariance Image Transformers", NeurIPS 2021; Debenedetti, Sehwag, Mittal, "A Light
 * Recipe to Train Robust Vision Transformers", SaTML 2023.
 * @example
 * const net = xcit({ size: 32, patch: 4, classes: 10 })
 * @throws OptionError for another patch, or a size, width or number of heads that does not fit
 */
export const xcit = (options: XcitOptions = {}): Architecture => {
  const read = xcitOptions.read(options)
  const { classes, size, patch, depth, width, heads, hidden = 4 * width, classBlocks, features } = read
  const kept = STEM - Math.log2(patch)
  if (!Number.isInteger(kept) || kept < 0) rejectOption('xcit', 'a patch among 16, 8, 4, 2, 1', patch)
  if (width % 8 !== 0) rejectOption('xcit', 'a width that is a multiple of 8', width)
  const side = Math.ceil(size / patch)
  const sizes = { width, heads, hidden, tokens: side ** 2 }
  const own = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}.${i}`)
  const [blocks, last] = [own('blocks', depth), own('cls_attn_blocks', classBlocks)]
  const name = depth === 12 && width === 384 ? 'xcit' : `xcit of ${depth} blocks and width ${width}`
  return architecture(name, { height: size, width: size, channels: 3 }, [
    ...stem(width, kept),
    fourierPositions('pos_embed.token_projection', { features }),
    ...blocks.flatMap((block, i) =>
      mixing(block, i === 0 ? 'pos_embed.token_projection' : `${blocks[i - 1]}.out`, sizes),
    ),
    classToken('cls_token'),
    ...last.flatMap((block, i) => {
      const before = i === 0 ? 'cls_token' : `${last[i - 1]}.out`
      return i + 1 < last.length ? attending(block, before, sizes) : ending(block, before, sizes)
    }),
    layerNorm('norm', NORM),
    flatten(),
    linear('head', { out: classes }),
  ])
}

/** Convolutions with batch normalisation; those before the last with GELU. @param kept how many keep the size of the image */
const stem = (width: number, kept: number): readonly Layer[] =>
  Array.from({ length: STEM }, (_, i): readonly Layer[] => {
    const name = `patch_embed.proj.${2 * i}`
    const out = width / 2 ** (STEM - 1 - i)
    return [
      conv2d(`${name}.0`, { out, kernel: 3, stride: i < kept ? 1 : 2, padding: 1, bias: 'none' }),
      batchNorm2d(`${name}.1`),
      ...(i + 1 < STEM ? [gelu()] : []),
    ]
  }).flat()

interface Sizes {
  readonly width: number
  readonly heads: number
  readonly hidden: number
  /** Number of patches. */
  readonly tokens: number
}

/** Attention between channels, convolutions of each channel, and a hidden layer: each with a factor and a shortcut. */
const mixing = (own: string, before: string, { width, heads, hidden }: Sizes): readonly Layer[] => {
  const parts = ['queries', 'keys', 'values'].map((what) => `${own}.${what}`)
  const [queries = '', keys = '', values = ''] = parts
  const depthwise = { out: width, kernel: 3, padding: 1, groups: width }
  return [
    layerNorm(`${own}.norm1`, { inputs: [before], ...NORM }),
    conv2d(`${own}.attn.qkv`, { out: 3 * width, kernel: 1 }),
    ...parts.map((id, place) => {
      const channels = Array.from({ length: width }, (_, c) => place * width + c)
      return selectChannels({ id, inputs: [`${own}.attn.qkv`], channels })
    }),
    unitNorm({ id: `${own}.q`, inputs: [queries], over: 'pixels' }),
    unitNorm({ id: `${own}.k`, inputs: [keys], over: 'pixels' }),
    crossCovariance(`${own}.attn.temperature`, [`${own}.q`, `${own}.k`, values], { heads }),
    conv2d(`${own}.attn.proj`, { out: width, kernel: 1 }),
    ...weighed(`${own}.gamma1`, before, `${own}.attended`),
    layerNorm(`${own}.norm3`, NORM),
    conv2d(`${own}.local_mp.conv1`, depthwise),
    gelu(),
    batchNorm2d(`${own}.local_mp.bn`),
    conv2d(`${own}.local_mp.conv2`, depthwise),
    ...weighed(`${own}.gamma3`, `${own}.attended`, `${own}.near`),
    layerNorm(`${own}.norm2`, NORM),
    ...hiddenLayer(own, { hidden, width }),
    ...weighed(`${own}.gamma2`, `${own}.near`, `${own}.out`),
  ]
}

/** A factor of each channel, and the sum with what was before. */
const weighed = (name: string, before: string, id: string): readonly Layer[] => [
  layerScale(name),
  add([name, before], { id }),
]

const hiddenLayer = (
  own: string,
  { hidden, width }: Pick<Sizes, 'hidden' | 'width'>,
  reads: Partial<Parameters<typeof conv2d>[1]> = {},
): readonly Layer[] => [
  conv2d(`${own}.mlp.fc1`, { out: hidden, kernel: 1, ...reads }),
  gelu(),
  conv2d(`${own}.mlp.fc2`, { out: width, kernel: 1 }),
]

/** The convolution that reads the class token alone, the first one. */
const ofClass = ({ tokens }: Sizes) => ({ stride: [tokens + 1, 1] as const })

/** What attends to all tokens: the class token, as an image of one pixel. */
const classAttends = (own: string, before: string, sizes: Sizes): readonly Layer[] => {
  const { width, heads } = sizes
  const norm = `${own}.norm1`
  const [query, key, value] = ['q', 'k', 'v'].map((part) => `${own}.attn.${part}`) as [string, string, string]
  return [
    layerNorm(norm, { inputs: [before], ...NORM }),
    conv2d(query, { inputs: [norm], out: width, kernel: 1, ...ofClass(sizes) }),
    conv2d(key, { inputs: [norm], out: width, kernel: 1 }),
    conv2d(value, { inputs: [norm], out: width, kernel: 1 }),
    attention([query, key, value], { heads, id: `${own}.heads` }),
    conv2d(`${own}.attn.proj`, { out: width, kernel: 1 }),
  ]
}

/** Tokens with another class token: their sum with its difference to the old one, and zeros for all others. */
const withClass = (from: string, value: string, id: string, sizes: Sizes): readonly Layer[] => [
  avgPool2d({ inputs: [from], kernel: 1, ...ofClass(sizes), id: `${id}.old` }),
  scale({ factor: -1, id: `${id}.minus` }),
  add([value, `${id}.minus`], { id: `${id}.change` }),
  pad2d({ bottom: sizes.tokens, id: `${id}.wide` }),
  add([from, `${id}.wide`], { id }),
]

/** A block that passes on all tokens: others are normalised and weighed, the class token has attended. */
const attending = (own: string, before: string, sizes: Sizes): readonly Layer[] => [
  ...classAttends(own, before, sizes),
  ...withClass(`${own}.norm1`, `${own}.attn.proj`, `${own}.seen`, sizes),
  layerScale(`${own}.gamma1`),
  add([`${own}.gamma1`, before]),
  layerNorm(`${own}.norm2`, NORM),
  ...hiddenLayer(own, sizes, ofClass(sizes)),
  layerScale(`${own}.gamma2`),
  ...withClass(`${own}.norm2`, `${own}.gamma2`, `${own}.changed`, sizes),
  add([`${own}.changed`, `${own}.norm2`], { id: `${own}.out` }),
]

/** The last block: of its tokens only the class token is read. */
const ending = (own: string, before: string, sizes: Sizes): readonly Layer[] => [
  ...classAttends(own, before, sizes),
  layerScale(`${own}.gamma1`),
  avgPool2d({ inputs: [before], kernel: 1, ...ofClass(sizes), id: `${own}.class` }),
  add([`${own}.gamma1`, `${own}.class`]),
  layerNorm(`${own}.norm2`, NORM),
  ...hiddenLayer(own, sizes),
  ...weighed(`${own}.gamma2`, `${own}.norm2`, `${own}.out`),
]

/**
 * The options of an XCiT that a file's tensors show. They do not show the sizes of images and patches.
 *
 * @param outputs those of the file's layers
 */
export const xcitShown = (outputs: OutputsOf): XcitOptions => {
  const [width = 0, heads = 0] = [outputs('norm'), outputs('blocks.0.attn.temperature')]
  const classes = outputs('head')
  // Of another transformer.
  if (heads === 0 || width % heads !== 0 || width % 8 !== 0) return given({ classes })
  return given({
    classes,
    depth: blocksIn(outputs, (block) => `blocks.${block}.norm1`),
    width,
    heads,
    hidden: outputs('blocks.0.mlp.fc1'),
    classBlocks: blocksIn(outputs, (block) => `cls_attn_blocks.${block}.norm1`),
    features: outputs('pos_embed.token_projection', 1),
  })
}
