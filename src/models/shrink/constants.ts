import { isEach } from '../../dsl/kit/extent.js'
import { numbers } from '../activations/arithmetic.js'
import { formulaOf } from '../activations/formulas.js'
import { type Architecture, type GraphNode, INPUT } from '../architecture/architecture.js'
import { present } from '../architecture/lookups.js'
import { partsOf } from '../architecture/mixedChannels.js'
import { ZEROS } from '../architecture/selection.js'
import { channelOfFeature, firstFeatureOf } from '../architecture/unflattened.js'
import { roundedBy } from '../layers/fakeQuantize.js'
import type { GroupNormLayer, LayerNormLayer } from '../layers/layer.js'
import { EPSILON } from '../layers/normalisations.js'
import type { UnflattenLayer } from '../layers/reshaping.js'
import type { PoolChannelsLayer } from '../layers/tokenLayers.js'
import type { Pieces } from '../parameters/plainNetwork.js'
import { batchNormDefaults } from '../parameters/statistics.js'
import { channelsOf, pixelsOf } from './channels.js'
import { type Connection, connectionOf, nameOf } from './connections.js'

/** For each value, the constant of each channel: its number at all pixels of all images, NaN if that varies. */
export type Constants = ReadonlyMap<string, Float64Array>

/**
 * Finds the channels that are constant in use. A fully pruned filter leaves its bias, which batch normalisation
 * and ReLU map to another constant.
 */
export const constantsOf = (architecture: Architecture, pieces: Pieces): Constants => {
  const { nodes, input } = architecture
  const constants = new Map<string, Float64Array>([[INPUT, new Float64Array(input.channels).fill(Number.NaN)]])
  for (const node of nodes) {
    constants.set(node.id, constantsAfter(architecture, node, constants, pieces))
  }
  return constants
}

const constantsAfter = (
  architecture: Architecture,
  node: GraphNode,
  constants: Constants,
  pieces: Pieces,
): Float64Array => {
  const inputs = node.inputs.map((id) => constants.get(id) ?? new Float64Array(0))
  const [first = new Float64Array(0)] = inputs
  const part = (name: string): Float32Array => present(pieces, nameOf(node, name))
  switch (node.layer.type) {
    case 'conv2d':
    case 'convTranspose2d':
    case 'linear': {
      const connection = connectionOf(architecture, node)
      return connection ? connected(connection, present(constants, connection.source), pieces) : first
    }
    case 'batchNorm2d': {
      if (isSpread(node)) return varying(node)
      const { scale, shift } = scaleAndShift(part('weight'), part('bias'), part('running_mean'), part('running_var'))
      return affine(first, scale, shift)
    }
    case 'affine2d':
      return isSpread(node) ? varying(node) : affine(first, part('weight'), part('bias'))
    case 'layerScale': {
      const factors = present(pieces, node.layer.name)
      return isSpread(node) ? varying(node) : first.map((value, c) => times(value, factors[c] ?? Number.NaN))
    }
    case 'layerNorm':
      return isSpread(node) ? varying(node) : normalised(first, first.length, node.layer, part)
    case 'groupNorm':
      return normalised(first, first.length / node.layer.groups, node.layer, part)
    case 'relu':
      return first.map((value) => Math.max(0, value))
    case 'activation': {
      const { value } = formulaOf(node.layer.function)
      return first.map((x) => value(numbers, x))
    }
    case 'prelu': {
      const slope = part('weight')
      if (isSpread(node) && slope.length > 1) return varying(node)
      return first.map((x, c) => (x > 0 ? x : x * (slope[slope.length === 1 ? 0 : c] ?? Number.NaN)))
    }
    case 'add':
      return inputs.every(({ length }) => length === first.length)
        ? first.map((_, c) => inputs.reduce((sum, values) => sum + (values[c] ?? Number.NaN), 0))
        : varying(node)
    case 'concat':
      return Float64Array.from(inputs.flatMap((values) => [...values]))
    case 'selectChannels':
      return Float64Array.from(node.layer.channels, (channel) =>
        channel === ZEROS ? 0 : (first[channel] ?? Number.NaN),
      )
    case 'multiply': {
      const factors = inputs.filter(({ length }) => length === channelsOf(node.shape) || length === 1)
      if (factors.length < 2) return varying(node)
      const [a = first, b = first] = factors
      const at = (values: Float64Array, c: number): number => values[values.length === 1 ? 0 : c] ?? Number.NaN
      return Float64Array.from({ length: channelsOf(node.shape) }, (_, c) => times(at(a, c), at(b, c)))
    }
    case 'scale': {
      const { factor } = node.layer
      return first.map((value) => value * factor)
    }
    case 'fakeQuantize':
      return first.map(roundedBy(node.layer))
    case 'classToken':
      return besides(first, pieces.get(node.layer.name) ?? new Float32Array(0))
    case 'positionEmbedding':
      return embedded(first, pieces.get(node.layer.name) ?? new Float32Array(0))
    case 'fourierPositions':
      return located(first, part('weight'), part('bias'))
    case 'unitNorm':
      return first.map((value) => (value === 0 ? 0 : Number.NaN))
    case 'poolChannels':
      return pooledParts(first, channelsOf(node.shape), node.layer.of)
    case 'softmax':
      return isSpread(node) ? varying(node) : sharesOf(first, partsOf(node.layer, first.length))
    case 'standardize':
    case 'crossCovariance':
    case 'attention':
    case 'given':
    case 'sample':
      return varying(node)
    case 'pad2d':
      return node.layer.mode ? first : besides(first, node.layer.value ?? 0)
    case 'avgPool2d':
      // The mean over a constant and zeros differs at the border.
      return !isEach(node.layer.padding ?? 0, 0) && node.layer.countIncludePad !== false ? besides(first, 0) : first
    case 'normalize':
    case 'maxPool2d':
    case 'takeToken':
    case 'crop2d':
    case 'resize2d':
      return first
    case 'flatten':
      return node.layer.order === 'channels' ? ofFeatures(node, first) : first
    case 'unflatten':
      return unflattened(node.layer, first)
  }
}

/** Whether a channel is several features, as of a flattened image, with a scale and a shift for each. */
const isSpread = ({ shape }: GraphNode): boolean => pixelsOf(shape) > 1

/** Blocks of channels that are all constant stay constant. @param size channels of a block */
const normalised = (
  given: Float64Array,
  size: number,
  { epsilon = EPSILON }: LayerNormLayer | GroupNormLayer,
  part: (name: string) => Float32Array,
): Float64Array => {
  const [weight, bias] = [part('weight'), part('bias')]
  return given.map((value, c) => {
    const block = given.subarray(c - (c % size), c - (c % size) + size)
    const mean = block.reduce((sum, each) => sum + each / size, 0)
    const variance = block.reduce((sum, each) => sum + (each - mean) ** 2 / size, 0)
    const scale = weight[c] ?? 0
    return (scale === 0 ? 0 : (scale * (value - mean)) / Math.sqrt(variance + epsilon)) + (bias[c] ?? 0)
  })
}

const varying = ({ shape }: GraphNode): Float64Array => new Float64Array(channelsOf(shape)).fill(Number.NaN)

/** The constant of each number of a vector that has all pixels of a channel one after the other. */
const ofFeatures = ({ shape }: GraphNode, given: Float64Array): Float64Array => {
  const count = channelsOf(shape)
  return Float64Array.from({ length: count }, (_, i) => given[Math.floor((i * given.length) / count)] ?? Number.NaN)
}

/** The constants of an image's channels, of which each is several numbers of a vector. */
const unflattened = (layer: UnflattenLayer, given: Float64Array): Float64Array => {
  const constants = Float64Array.from(
    { length: layer.channels },
    (_, c) => given[firstFeatureOf(layer, c)] ?? Number.NaN,
  )
  for (const [i, value] of given.entries()) {
    const channel = channelOfFeature(layer, i)
    if (value !== constants[channel]) constants[channel] = Number.NaN
  }
  return constants
}

/** The product of two constants. 0 times a number that varies is 0. */
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)

/** Constants of an image beside added pixels: only that of the pixels stays one. */
const besides = (given: Float64Array, added: number | Float32Array): Float64Array =>
  given.map((value, c) => (value === (typeof added === 'number' ? added : added[c]) ? value : Number.NaN))

/** Constants with a number for each pixel added, if that is the same at all pixels. */
const embedded = (given: Float64Array, numbers: Float32Array): Float64Array =>
  given.map((value, c) => {
    const [first = 0, ...others] = numbers.filter((_, i) => i % given.length === c)
    return others.every((other) => other === first) ? value + first : Number.NaN
  })

/** Constants with a combination of places added, if it is of none of them. */
const located = (given: Float64Array, weight: Float32Array, bias: Float32Array): Float64Array =>
  given.map((value, c) =>
    weight.some((factor, i) => factor !== 0 && i % given.length === c) ? Number.NaN : value + (bias[c] ?? 0),
  )

/** The largest or the mean of constants at the same place of each part. */
const pooledParts = (given: Float64Array, size: number, of: PoolChannelsLayer['of']): Float64Array =>
  Float64Array.from({ length: size }, (_, c) => {
    const own = given.filter((_, i) => i % size === c)
    return of === 'max' ? Math.max(...own) : own.reduce((sum, each) => sum + each, 0) / own.length
  })

/** Shares of constants among those at the same place of each part. */
const sharesOf = (given: Float64Array, parts: number): Float64Array => {
  const size = given.length / parts
  return given.map((value, c) => {
    const exponentials = Array.from({ length: parts }, (_, r) => Math.exp((given[r * size + (c % size)] ?? 0) - value))
    return 1 / exponentials.reduce((sum, each) => sum + each, 0)
  })
}

/** y = scale·x + shift of a batch normalisation in use. */
const scaleAndShift = (gamma: Float32Array, beta: Float32Array, mean: Float32Array, variance: Float32Array) => {
  const scale = Float64Array.from(
    gamma,
    (value, c) => value / Math.sqrt((variance[c] ?? 0) + batchNormDefaults.epsilon),
  )
  return { scale, shift: scale.map((value, c) => (beta[c] ?? 0) - (mean[c] ?? 0) * value) }
}

const affine = (
  given: Float64Array,
  scale: Float64Array | Float32Array,
  shift: Float64Array | Float32Array,
): Float64Array =>
  given.map((value, c) => (scale[c] === 0 ? (shift[c] ?? 0) : value * (scale[c] ?? 0) + (shift[c] ?? 0)))

const connected = (connection: Connection, given: Float64Array, pieces: Pieces): Float64Array => {
  const { node, places, inputs, outputs, groups, padded } = connection
  const weight = present(pieces, nameOf(node, 'weight'))
  const bias = pieces.get(nameOf(node, 'bias'))
  const sums = Float64Array.from({ length: outputs }, (_, o) => bias?.[o] ?? 0)
  for (let place = 0, i = 0; place < places; place++)
    for (let c = 0; c < inputs; c++)
      for (let o = 0; o < outputs; o++, i++) {
        const w = weight[i] ?? 0
        const value = given[Math.floor((o * groups) / outputs) * inputs + c] ?? Number.NaN
        // At the borders of a padded image it is also 0, so not constant.
        if (w !== 0) sums[o] = (sums[o] ?? 0) + w * (padded && value !== 0 ? Number.NaN : value)
      }
  return sums
}
