/**
 * Networks at random: every type of layer, activation and padding, grouped convolutions, shortcuts, channels that are
 * joined, moved and weighed, batch normalisation in all places.
 */
import fc from 'fast-check'
import { type Extent, isEach, pairOf } from '../../src/dsl/kit/extent.js'
import {
  type Architecture,
  architecture,
  layersOf as placedLayersOf,
} from '../../src/models/architecture/architecture.js'
import { poolWindows } from '../../src/models/architecture/windowsAlong.js'
import {
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  mish,
  prelu,
  relu6,
  sigmoid,
  silu,
  softplus,
  tanh,
} from '../../src/models/layers/activations.js'
import {
  concat,
  layerScale,
  multiply,
  poolChannels,
  scale,
  selectChannels,
  softmax,
} from '../../src/models/layers/channelLayers.js'
import type { Layer } from '../../src/models/layers/layer.js'
import {
  add,
  affine2d,
  avgPool2d,
  batchNorm2d,
  conv2d,
  convTranspose2d,
  flatten,
  linear,
  maxPool2d,
  pad2d,
  relu,
} from '../../src/models/layers/layers.js'
import { groupNorm, layerNorm, standardize, unitNorm } from '../../src/models/layers/normalisations.js'
import { crop2d, unflatten } from '../../src/models/layers/reshaping.js'
import { resize2d } from '../../src/models/layers/resizing.js'
import {
  attention,
  classToken,
  crossCovariance,
  fourierPositions,
  positionEmbedding,
  takeToken,
} from '../../src/models/layers/tokens.js'
import type { PadMode } from '../../src/models/layers/windowLayers.js'
import { parameterCount } from '../../src/models/parameters/parameters.js'
import { freshStatistics, statisticsCount, statisticsOf } from '../../src/models/parameters/statistics.js'
import { seededNumbers } from './numbers.js'

type Kind =
  | 'conv'
  | 'up'
  | 'residual'
  | 'pool'
  | 'affine'
  | 'dense'
  | 'shuffle'
  | 'gate'
  | 'scale'
  | 'layerScale'
  | 'zeros'
  | 'layerNorm'
  | 'groupNorm'
  | 'shares'
  | 'unit'
  | 'crop'
  | 'pooled'
  | 'resized'

/** One stretch of a network, on images of any number of channels. */
interface Block {
  readonly kind: Kind
  readonly pool: Pool
  readonly out: number
  readonly kernel: Extent
  readonly stride: Extent
  readonly padding: Extent
  readonly dilation: Extent
  readonly filling: 'zeros' | 'halves' | PadMode
  readonly bias: 'learned' | 'none'
  readonly parts: 'one' | 'two' | 'each'
  readonly normalised: boolean
  readonly activation: 'none' | ActivationName
}

/** How a block pools, if it does. */
interface Pool {
  readonly type: 'maxPool2d' | 'avgPool2d'
  readonly padding: Extent
  readonly ceilMode: boolean
  readonly countIncludePad: boolean
}

/** A layer of each element-wise function. */
const activations = {
  relu,
  silu,
  gelu,
  geluTanh: (options: { id?: string; inputs?: string[] }) => gelu({ ...options, approximate: 'tanh' }),
  leakyRelu,
  elu,
  softplus,
  sigmoid,
  tanh,
  relu6,
  hardSigmoid,
  hardSwish,
  mish,
  prelu: ({ id = '', inputs }: { id?: string; inputs?: string[] }) =>
    prelu(`${id}.prelu`, { id, ...(inputs ? { inputs } : {}) }),
  preluOfChannels: ({ id = '', inputs }: { id?: string; inputs?: string[] }) =>
    prelu(`${id}.prelu`, { id, ...(inputs ? { inputs } : {}), slopes: 'each' }),
}

type ActivationName = keyof typeof activations

// ReLU as often as all others together: layers with weights are fused with it.
const activationNames = Object.keys(activations).flatMap((name) =>
  Array<ActivationName>(name === 'relu' ? 12 : 1).fill(name as ActivationName),
)

const pool: fc.Arbitrary<Pool> = fc.record({
  type: fc.constantFrom('maxPool2d', 'avgPool2d'),
  padding: fc.constantFrom<Extent[]>(0, 1, [0, 1]),
  ceilMode: fc.boolean(),
  countIncludePad: fc.boolean(),
})

const block: fc.Arbitrary<Block> = fc.record({
  kind: fc.constantFrom<Kind>(
    ...(['conv', 'conv', 'conv', 'residual', 'residual', 'residual', 'up', 'pool', 'affine'] as const),
    ...(['dense', 'shuffle', 'gate', 'scale', 'layerScale', 'zeros', 'layerNorm', 'groupNorm'] as const),
    ...(['shares', 'unit', 'crop', 'pooled', 'resized'] as const),
  ),
  pool,
  out: fc.integer({ min: 2, max: 6 }),
  kernel: fc.constantFrom<Extent[]>(1, 3, 3, [1, 3], [3, 2]),
  stride: fc.constantFrom<Extent[]>(1, 1, 2, [2, 1]),
  padding: fc.constantFrom<Extent[]>(0, 1, [1, 0]),
  dilation: fc.constantFrom<Extent[]>(1, 1, 1, 2, [1, 2]),
  filling: fc.constantFrom<Block['filling'][]>('zeros', 'halves', 'reflect', 'replicate', 'circular'),
  bias: fc.constantFrom('learned', 'none'),
  parts: fc.constantFrom<Block['parts']>('one', 'one', 'two', 'each'),
  normalised: fc.boolean(),
  activation: fc.constantFrom('none', 'none', ...activationNames),
})

const CLASSES = 3

/** The normalisation of vectors near the end, or a transformer before it. */
type Head =
  | 'plain'
  | 'batchNorm'
  | 'flatBatchNorm'
  | 'layerNorm'
  | 'tokens'
  | 'covariance'
  | 'unit'
  | 'joined'
  | 'unflattened'

/** A network whose image is large enough for three blocks, pooled or not before the linear layers. */
export const randomNetwork: fc.Arbitrary<Architecture> = fc
  .record({
    size: fc.integer({ min: 16, max: 18 }),
    wider: fc.constantFrom(0, 0, 1),
    channels: fc.integer({ min: 1, max: 3 }),
    stem: fc.integer({ min: 2, max: 5 }),
    blocks: fc.array(block, { minLength: 1, maxLength: 3 }),
    pooled: fc.boolean(),
    wide: fc.integer({ min: 2, max: 6 }),
    head: fc.constantFrom<Head>(
      'plain',
      'plain',
      'batchNorm',
      'flatBatchNorm',
      'layerNorm',
      'tokens',
      'covariance',
      'unit',
      'joined',
      'unflattened',
    ),
  })
  .map(({ size, wider, channels, stem, blocks, pooled: wanted, wide, head }) => {
    const first = stem === 5 ? [standardize()] : []
    const layers: Layer[] = [...first, conv2d('stem', { out: stem, kernel: 3, padding: 1 }), relu({ id: 'trunk' })]
    let from: From = { id: 'trunk', channels: stem, size: [size, size + wider] }
    for (const [i, each] of blocks.entries()) {
      layers.push(...layersOf(`block${i}`, each, from))
      const end = architecture('part', { height: size, width: size + wider, channels }, [
        ...layers,
        flatten({ id: 'end' }),
      ]).nodes.at(-1)
      const [shape] = end?.inputShapes ?? []
      if (shape?.kind === 'image')
        from = { id: `block${i}`, channels: shape.channels, size: [shape.height, shape.width] }
    }
    // Dilated windows with strides may leave a single row.
    const pooled = wanted && Math.min(...pairOf(from.size)) > 1
    const net = architecture('random', { height: size, width: size + wider, channels }, [
      ...layers,
      ...(pooled ? [avgPool2d({ kernel: 2, id: 'pooled' })] : []),
      ...(head === 'covariance' ? covarianceBlock(wide) : []),
      ...(head === 'tokens'
        ? transformer(
            pairOf(from.size).map((side) => (pooled ? Math.floor(side / 2) : side)),
            wide,
          )
        : head === 'joined'
          ? joinedVectors(pooled ? 'pooled' : from.id)
          : [flatten()]),
      ...(head === 'unflattened' ? vectorsAsImages(wide) : []),
      ...(head === 'flatBatchNorm' ? [batchNorm2d('flat')] : []),
      linear('wide', { out: wide }),
      ...(head === 'batchNorm' ? [batchNorm2d('features')] : []),
      ...(head === 'layerNorm' ? [layerNorm('features')] : []),
      ...(head === 'unit' ? [unitNorm(), layerScale('gamma')] : []),
      relu(),
      linear('head', { out: CLASSES }),
    ])
    return architecture(net.name, net.input, withNeededCeilMode(net))
  })

/** Patches of an image, a class token, positions, a block of a transformer, and the numbers of one token. */
const transformer = (size: readonly number[], wide: number): readonly Layer[] => {
  const [heads, out] = [1 + (wide % 2), 4]
  const patch = Math.max(1, Math.floor(Math.min(...size) / 3))
  return [
    conv2d('patches', { out, kernel: patch, stride: patch }),
    ...(wide % 3 === 0 ? [] : [classToken('token')]),
    positionEmbedding('positions', { id: 'tokens' }),
    layerNorm('before'),
    conv2d('queries', { inputs: ['before'], out, kernel: 1 }),
    conv2d('keys', { inputs: ['before'], out, kernel: 1 }),
    conv2d('values', { inputs: ['before'], out: 2 * out, kernel: 1, bias: 'none' }),
    attention(['queries', 'keys', 'values'], wide % 4 === 0 ? { heads, scale: 0.25 } : { heads }),
    conv2d('attended', { out, kernel: 1 }),
    add(['attended', 'tokens'], { id: 'sum' }),
    conv2d('hidden', { out: 3, kernel: 1 }),
    gelu(),
    conv2d('narrow', { out, kernel: 1 }),
    add(['narrow', 'sum']),
    takeToken({ token: wide % 2 }),
  ]
}

/** Two flattened images as one vector. */
const joinedVectors = (from: string): readonly Layer[] => [
  flatten({ id: 'all', order: 'channels' }),
  conv2d('again', { inputs: [from], out: 3, kernel: 1 }),
  flatten({ id: 'others', order: 'channels' }),
  concat(['all', 'others']),
]

/** A vector as an image, and back. */
const vectorsAsImages = (wide: number): readonly Layer[] => [
  linear('features', { out: 4 * wide }),
  relu(),
  unflatten({ channels: wide, height: 2, width: 2, order: wide % 2 === 0 ? 'channels' : 'pixels' }),
  conv2d('image', { out: 4, kernel: 2, padding: 1 }),
  flatten(wide % 3 === 0 ? { order: 'channels' } : {}),
]

/** A block of an XCiT: places, attention between channels, a factor of each. */
const covarianceBlock = (wide: number): readonly Layer[] => [
  conv2d('embedded', { out: 4, kernel: 1 }),
  fourierPositions('positions', { id: 'placed', features: 4 * (1 + (wide % 2)) }),
  conv2d('queries', { inputs: ['placed'], out: 4, kernel: 1 }),
  unitNorm({ id: 'q', over: 'pixels' }),
  conv2d('keys', { inputs: ['placed'], out: 4, kernel: 1 }),
  unitNorm({ id: 'k', over: 'pixels' }),
  conv2d('values', { inputs: ['placed'], out: 4, kernel: 1, bias: 'none' }),
  crossCovariance('temperature', ['q', 'k', 'values'], { heads: 1 + (wide % 2) }),
  conv2d('mixed', { out: 4, kernel: 1 }),
  layerScale('gamma1'),
  add(['gamma1', 'placed']),
]

/** `ceilMode` where it keeps a window; elsewhere it changes nothing, and files do not hold it. */
const withNeededCeilMode = (net: Architecture): readonly Layer[] =>
  placedLayersOf(net).map((layer, i) => {
    const shape = net.nodes[i]?.inputShapes[0]
    if ((layer.type !== 'maxPool2d' && layer.type !== 'avgPool2d') || shape?.kind !== 'image') return layer
    if (poolWindows(shape, layer).some(({ beyond }) => beyond > 0)) return layer
    const { ceilMode: _, ...others } = layer
    return others
  })

/** A pooling layer whose windows are no larger than small images. */
const poolOf = (
  { type, padding, ceilMode, countIncludePad }: Pool,
  stride: Extent,
  id: string,
  inputs: string[],
): Layer => {
  const [down, across] = pairOf(padding)
  const windows = { kernel: [2 + down, 2 + across] as const, stride, padding, ceilMode, id, inputs }
  return type === 'maxPool2d' ? maxPool2d(windows) : avgPool2d({ ...windows, countIncludePad })
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))

/** Channels of a block's first convolution: with a group for each input channel, one or two times as many as it reads. */
const widthOf = ({ parts, out }: Block, channels: number): number =>
  parts === 'each' ? channels * (1 + (out % 2)) : out

const groupsFor = ({ parts }: Block, channels: number, out: number): number =>
  ({ one: 1, two: divisor(2, divisor(channels, out)), each: divisor(channels, out) })[parts]

/** A kernel that can keep an image's size: with an odd number of taps along each axis. */
const odd = (kernel: Extent): Extent => {
  const [height, width] = pairOf(kernel)
  return [height, width === 2 ? 3 : width]
}

/** The padding with which a convolution keeps an image's size. */
const keepingSize = (kernel: Extent, dilation: Extent): Extent => {
  const [[height, width], [down, across]] = [pairOf(kernel), pairOf(dilation)]
  return [(down * (height - 1)) / 2, (across * (width - 1)) / 2]
}

/** A transposed convolution, and a pooling that makes up for its stride. */
const enlargedBlock = (name: string, given: Block, { id, channels }: From): readonly Layer[] => {
  const { kernel, stride, dilation, bias, normalised } = given
  const [high, wide] = pairOf(keepingSize(kernel, dilation))
  const [down, across] = pairOf(stride)
  const out = widthOf(given, channels)
  return [
    convTranspose2d(`${name}.up`, {
      inputs: [id],
      out,
      kernel,
      stride,
      padding: [Math.min(1, Math.floor(high)), Math.min(1, Math.floor(wide))],
      outputPadding: [down - 1, across - 1],
      dilation,
      bias,
      groups: groupsFor(given, channels, out),
    }),
    ...(normalised ? [batchNorm2d(`${name}.bn`)] : []),
    maxPool2d({ kernel: stride, id: name }),
  ]
}

/** What the pixels hold that a block adds: an image of one pixel has no others to repeat. */
const filled = ({ filling }: Block, { size }: From) =>
  filling === 'halves' ? { value: 0.5 } : filling === 'zeros' || pairOf(size).includes(1) ? {} : { mode: filling }

/** What a block reads. */
interface From {
  readonly id: string
  readonly channels: number
  /** Pixels of its image. */
  readonly size: Extent
}

const layersOf = (name: string, given: Block, from: From): readonly Layer[] => {
  const { kind, kernel, stride, padding, dilation, bias, normalised, activation } = given
  const inputs = [from.id]
  if (kind === 'pool') return [poolOf(given.pool, stride, name, inputs)]
  if (kind === 'up') return enlargedBlock(name, given, from)
  if (kind === 'affine') return [affine2d(`${name}.affine`, { inputs }), relu({ id: name })]
  if (kind !== 'conv' && kind !== 'residual') return ofChannels(name, given, from)[kind]()
  const first = widthOf(given, from.channels)
  const convolutions = kind === 'conv' ? [first] : [first, from.channels]
  // A convolution with a stride is padded as TensorFlow's `SAME` pads it.
  const before = kind === 'conv' && padding !== 0 && stride !== 1
  const body = convolutions.flatMap((width, i): Layer[] => [
    ...(before ? [pad2d({ id: `${name}.pad`, inputs, right: 1, bottom: 1, ...filled(given, from) })] : []),
    conv2d(`${name}.conv${i}`, {
      ...(i === 0 && !before ? { inputs } : {}),
      out: width,
      kernel: kind === 'conv' ? kernel : odd(kernel),
      stride: kind === 'conv' ? stride : 1,
      padding: before ? 0 : kind === 'conv' && isEach(dilation, 1) ? padding : keepingSize(odd(kernel), dilation),
      dilation: before ? 1 : dilation,
      bias,
      groups: groupsFor(given, i === 0 ? from.channels : first, width),
    }),
    ...(normalised ? [batchNorm2d(`${name}.bn${i}`)] : []),
    ...(i + 1 < convolutions.length ? [relu()] : []),
  ])
  const last = `${name}.${normalised ? 'bn' : 'conv'}${convolutions.length - 1}`
  const joined = kind === 'residual' ? [add([last, from.id], { id: `${name}.sum` })] : []
  const end = kind === 'residual' ? `${name}.sum` : last
  // A block without an activation ends in a pooling that changes nothing.
  return [
    ...body,
    ...joined,
    activation === 'none'
      ? avgPool2d({ kernel: 1, id: name, inputs: [end] })
      : activations[activation]({ id: name, inputs: [end] }),
  ]
}

/** Blocks of layers that move, join and weigh channels. */
const ofChannels = (
  name: string,
  { out, bias, parts, normalised, activation }: Block,
  { id, channels, size }: From,
) => ({
  /** As in a DenseNet: the channels so far, and new ones. */
  dense: (): readonly Layer[] => [
    conv2d(`${name}.conv`, { inputs: [id], out, kernel: 3, padding: 1, bias }),
    ...(normalised ? [batchNorm2d(`${name}.bn`)] : []),
    concat(
      out % 2 === 0 ? [id, `${name}.${normalised ? 'bn' : 'conv'}`] : [`${name}.${normalised ? 'bn' : 'conv'}`, id],
      { id: name },
    ),
  ],
  /** As in ShuffleNets: one half passes a convolution, and then the channels of both halves alternate. */
  shuffle: (): readonly Layer[] => {
    const half = Math.floor(channels / 2)
    const all = Array.from({ length: channels }, (_, c) => c)
    return [
      selectChannels({ id: `${name}.first`, inputs: [id], channels: all.slice(0, half) }),
      selectChannels({ id: `${name}.second`, inputs: [id], channels: all.slice(half) }),
      conv2d(`${name}.conv`, { out: channels - half, kernel: 3, padding: 1, bias }),
      relu({ id: `${name}.relu` }),
      concat([`${name}.first`, `${name}.relu`], { id: `${name}.both` }),
      selectChannels({ id: name, channels: all.toSorted((a, b) => (a % half) - (b % half) || a - b) }),
    ]
  },
  /** Squeeze-and-excitation, by convolutions or linear layers; or a gate for each number, or for each pixel. */
  gate: (): readonly Layer[] => [
    ...(parts === 'each' ? [] : [avgPool2d({ id: `${name}.mean`, inputs: [id], kernel: size })]),
    ...(parts === 'two'
      ? [flatten(), linear(`${name}.squeeze`, { out }), relu(), linear(`${name}.excite`, { out: channels })]
      : [
          conv2d(`${name}.squeeze`, { ...(parts === 'each' ? { inputs: [id] } : {}), out, kernel: 1 }),
          relu(),
          conv2d(`${name}.excite`, { out: parts === 'each' && out % 3 === 0 ? 1 : channels, kernel: 1 }),
        ]),
    (activation === 'none' ? sigmoid : activations[activation])({ id: `${name}.gate` }),
    multiply(out % 2 === 0 ? [id, `${name}.gate`] : [`${name}.gate`, id], { id: name }),
  ],
  layerNorm: (): readonly Layer[] => [
    conv2d(`${name}.conv`, { inputs: [id], out, kernel: 3, padding: 1, bias }),
    layerNorm(`${name}.norm`, parts === 'one' ? {} : { epsilon: 1e-3 }),
    relu({ id: name }),
  ],
  groupNorm: (): readonly Layer[] => {
    const groups = { one: 1, two: divisor(2, out), each: out }[parts]
    return [
      conv2d(`${name}.conv`, { inputs: [id], out, kernel: 3, padding: 1, bias }),
      groupNorm(`${name}.norm`, parts === 'two' ? { groups, epsilon: 1e-3 } : { groups }),
      (activation === 'none' ? relu : activations[activation])({ id: name }),
    ]
  },
  /** Two branches, weighed by shares of each channel; or shares of all channels. */
  shares: (): readonly Layer[] => {
    const half = Array.from({ length: out }, (_, c) => c)
    if (parts === 'each') return [softmax({ id: name, inputs: [id] })]
    return [
      conv2d(`${name}.conv`, { inputs: [id], out: 2 * out, kernel: 3, padding: 1, bias }),
      relu({ id: `${name}.both` }),
      ...(parts === 'one' ? [avgPool2d({ kernel: size })] : []),
      softmax({ id: `${name}.shares`, parts: 2 }),
      selectChannels({ id: `${name}.share`, channels: half }),
      selectChannels({ id: `${name}.half`, inputs: [`${name}.both`], channels: half.map((c) => c + out) }),
      multiply([`${name}.half`, `${name}.share`], { id: name }),
    ]
  },
  /** Channels of length 1, and a factor of each. */
  unit: (): readonly Layer[] => [
    conv2d(`${name}.conv`, { inputs: [id], out, kernel: 3, padding: 1, bias }),
    unitNorm({ over: parts === 'one' ? 'pixels' : 'channels' }),
    layerScale(`${name}.gamma`),
    relu({ id: name }),
  ],
  /** The largest or the mean of channels, of all of them or of two parts. */
  pooled: (): readonly Layer[] => [
    conv2d(`${name}.conv`, { inputs: [id], out: 2 * out, kernel: 3, padding: 1, bias }),
    poolChannels({
      id: `${name}.pool`,
      of: normalised ? 'max' : 'mean',
      ...(parts === 'one' ? {} : { parts: parts === 'two' ? 2 : out }),
    }),
    concat([`${name}.pool`, id], { id: name }),
  ],
  resized: (): readonly Layer[] => {
    const [high, wide] = pairOf(size)
    const mode = ({ one: 'nearest', two: 'bilinear', each: 'bilinearCorners' } as const)[parts]
    return [
      conv2d(`${name}.conv`, { inputs: [id], out, kernel: 3, padding: 1, bias }),
      resize2d({ id: name, height: normalised ? 2 * high : Math.ceil(high / 2) + 1, width: wide + (out % 3), mode }),
    ]
  },
  /** An image without a row and a column, if it has others. */
  crop: (): readonly Layer[] => {
    const [high, wide] = pairOf(size)
    return [
      conv2d(`${name}.conv`, { inputs: [id], out, kernel: 3, padding: 1, bias }),
      ...(normalised ? [batchNorm2d(`${name}.bn`)] : []),
      crop2d({ id: name, top: high > 2 ? 1 : 0, right: wide > 2 ? 1 : 0, left: wide > 4 ? 2 : 0 }),
    ]
  },
  scale: (): readonly Layer[] => [scale({ id: name, inputs: [id], factor: out % 2 === 0 ? 1.5 : -0.25 })],
  layerScale: (): readonly Layer[] => [
    layerScale(`${name}.gamma`, { inputs: [id], ...(parts === 'each' ? { tensor: 'image' } : {}) }),
    ...(activation === 'relu' ? [relu({ id: name })] : [layerScale(`${name}.again`, { id: name })]),
  ],
  /** A shortcut with channels of zeros. */
  zeros: (): readonly Layer[] => [
    selectChannels({
      id: `${name}.wide`,
      inputs: [id],
      channels: [-1, ...Array.from({ length: channels }, (_, c) => c), -1],
    }),
    conv2d(`${name}.conv`, { inputs: [id], out: channels + 2, kernel: 3, padding: 1, bias }),
    add([`${name}.conv`, `${name}.wide`], { id: name }),
  ],
})

/** Seeded weights and running statistics, as large as those of networks that are trained. */
export const seededNetwork = (net: Architecture, seed = 1) => {
  const statistics = freshStatistics(net)
  const noise = seededNumbers(seed + 1, statisticsCount(net))
  for (const { role, offset, size } of statisticsOf(net))
    for (let i = offset; i < offset + size; i++)
      statistics[i] = role === 'mean' ? (noise[i] ?? 0) / 4 : 1 + (noise[i] ?? 0) / 2
  return { weights: seededNumbers(seed, parameterCount(net)).map((value) => value / 2), statistics }
}
