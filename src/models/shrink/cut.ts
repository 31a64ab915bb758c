import { type Architecture, architecture, type GraphNode } from '../architecture/architecture.js'
import { present } from '../architecture/lookups.js'
import type { Layer } from '../layers/layer.js'
import { isConvolution } from '../layers/layers.js'
import { type Parameter, parameterCount, parametersOf } from '../parameters/parameters.js'
import { type Pieces, type PlainNetwork, piecesOf } from '../parameters/plainNetwork.js'
import { statisticsCount, statisticsOf } from '../parameters/statistics.js'
import { channelsOf, pixelsOf } from './channels.js'
import type { Choice } from './choose.js'
import { type Connection, connectionOf, nameOf } from './connections.js'
import type { Constants } from './constants.js'
import { resizedLayers } from './resize.js'

/** Which channels stay, by the id of each value. */
export type Choices = ReadonlyMap<string, Choice>

/**
 * The network without the channels that go. The contribution of a constant channel to a layer is added to the layer's
 * bias, or subtracted from the running mean of the batch normalisation after it, which has the same effect in
 * use. If the layer is zero-padded, it is added to the weights of the constant channel that replaces it.
 */
export const cut = (network: PlainNetwork, choices: Choices, constants: Constants): PlainNetwork => {
  const given = network.architecture
  const pieces = piecesOf(network)
  const shifts = new Map(given.nodes.map((node) => [node.id, shiftOf(given, node, choices, constants, pieces)]))
  const layers = resizedLayers(given, (id) => choices.get(id)?.kept).map((layer, i): Layer => {
    const node = given.nodes[i]
    return node && isConvolution(layer) && needsBias(given, node, shifts) ? { ...layer, bias: 'learned' } : layer
  })
  const smaller = architecture(given.name, given.input, layers, given)
  const weights = new Float32Array(parameterCount(smaller))
  const statistics = new Float32Array(statisticsCount(smaller))
  const mask = network.mask ? new Float32Array(weights.length).fill(1) : undefined
  const masks = network.mask ? piecesOf({ ...network, weights: network.mask }) : undefined
  const byId = new Map(given.nodes.map((node) => [node.id, node]))
  for (const { name, node: id, role, offset, size } of parametersOf(smaller)) {
    const node = byId.get(id)
    const kept = choices.get(id)?.kept
    if (!node || !kept) continue
    const own = weights.subarray(offset, offset + size)
    if (role !== 'weight') {
      const old = pieces.get(name)
      if (old && !isOfChannels(node, role, old)) {
        own.set(old)
        continue
      }
      const shift = role === 'bias' && !movesMean(given, node) ? shifts.get(id) : undefined
      for (const [i, c] of placesOf(node, kept, size).entries()) own[i] = (old?.[c] ?? 0) + (shift?.[c] ?? 0)
      continue
    }
    const connection = connectionOf(given, node)
    const source = choices.get(connection?.source ?? '')
    if (!connection || !source) continue
    const dense = connection.groups === 1
    const merges = dense ? mergesOf(connection, source, constants) : new Map()
    // A group that stays keeps all of its inputs.
    const inputs = dense ? source.kept : Array.from({ length: connection.inputs }, (_, c) => c)
    cutWeights(own, present(pieces, name), connection, inputs, kept, merges)
    if (mask && masks)
      cutMask(mask.subarray(offset, offset + size), own, present(masks, name), connection, inputs, kept)
  }
  for (const { name, node: id, role, offset } of statisticsOf(smaller)) {
    const node = byId.get(id)
    const [before = ''] = node?.inputs ?? []
    const producer = byId.get(before)
    const shift = role === 'mean' && producer && movesMean(given, producer) ? shifts.get(before) : undefined
    const old = present(pieces, name)
    const kept = choices.get(id)?.kept ?? []
    for (const [i, c] of (node ? featuresOf(node, kept) : kept).entries())
      statistics[offset + i] = (old[c] ?? 0) - (shift?.[c] ?? 0)
  }
  return { architecture: smaller, weights, statistics, mask }
}

/** Whether a parameter has numbers of channels: not one for all of them, nor one for each head. */
const isOfChannels = ({ layer }: GraphNode, role: Parameter['role'], { length }: Float32Array): boolean =>
  layer.type !== 'crossCovariance' && !(role === 'slope' && length === 1)

/** The numbers of a layer that has one for each channel, or for each channel and feature of a flattened image. */
const featuresOf = (node: GraphNode, kept: readonly number[]): readonly number[] =>
  placesOf(node, kept, pixelsOf(node.shape) * kept.length)

/** The numbers of a parameter that has `size` numbers after the cut, rows of one for each channel. */
const placesOf = ({ shape }: GraphNode, kept: readonly number[], size: number): readonly number[] =>
  Array.from({ length: size / kept.length }, (_, row) => kept.map((c) => row * channelsOf(shape) + c)).flat()

/**
 * Whether only batch normalisations read a convolution: then a number added to a channel shifts their running means.
 */
const movesMean = ({ nodes }: Architecture, node: GraphNode): boolean => {
  const readers = nodes.filter(({ inputs }) => inputs.includes(node.id))
  return readers.length > 0 && readers.every(({ layer }) => layer.type === 'batchNorm2d')
}

const needsBias = (given: Architecture, node: GraphNode, shifts: ReadonlyMap<string, Float64Array>): boolean =>
  !movesMean(given, node) && (shifts.get(node.id)?.some((value) => value !== 0) ?? false)

/** The sum that the constant channels that go contribute to each output, except those that another one replaces. */
const shiftOf = (
  given: Architecture,
  node: GraphNode,
  choices: Choices,
  constants: Constants,
  pieces: Pieces,
): Float64Array => {
  const connection = connectionOf(given, node)
  const source = choices.get(connection?.source ?? '')
  if (!connection || !source || connection.groups > 1) return new Float64Array(0)
  const { places, inputs, outputs, padded } = connection
  const values = constants.get(connection.source)
  const stays = new Set(source.kept)
  const weight = present(pieces, nameOf(node, 'weight'))
  const shift = new Float64Array(outputs)
  for (let c = 0; c < inputs; c++) {
    const value = values?.[c] ?? 0
    // A channel that goes and is not constant has no reader.
    if (stays.has(c) || value === 0 || Number.isNaN(value) || padded) continue
    for (let place = 0; place < places; place++)
      for (let o = 0; o < outputs; o++)
        shift[o] = (shift[o] ?? 0) + value * (weight[(place * inputs + c) * outputs + o] ?? 0)
  }
  return shift
}

/** For each channel that replaces others: their indices, and the ratio of their constants to its own. */
const mergesOf = ({ source, padded }: Connection, { merged }: Choice, constants: Constants) => {
  const merges = new Map<number, { readonly channel: number; readonly times: number }[]>()
  const values = constants.get(source)
  for (const [channel, stand] of padded ? merged : []) {
    const times = (values?.[channel] ?? 0) / (values?.[stand] ?? 1)
    if (Number.isFinite(times) && times !== 0) merges.set(stand, [...(merges.get(stand) ?? []), { channel, times }])
  }
  return merges
}

const cutWeights = (
  own: Float32Array,
  old: Float32Array,
  { places, inputs, outputs }: Connection,
  keptInputs: readonly number[],
  keptOutputs: readonly number[],
  merges: ReturnType<typeof mergesOf>,
): void => {
  let i = 0
  for (let place = 0; place < places; place++)
    for (const c of keptInputs) {
      const others = merges.get(c) ?? []
      for (const o of keptOutputs) {
        const at = (channel: number): number => old[(place * inputs + channel) * outputs + o] ?? 0
        own[i++] = others.reduce((sum, { channel, times }) => sum + times * at(channel), at(c))
      }
    }
}

/** Cuts the mask like the weights; a pruned weight that others were added to is kept, unless it is still 0. */
const cutMask = (
  own: Float32Array,
  weights: Float32Array,
  old: Float32Array,
  { places, inputs, outputs }: Connection,
  keptInputs: readonly number[],
  keptOutputs: readonly number[],
): void => {
  let i = 0
  for (let place = 0; place < places; place++)
    for (const c of keptInputs)
      for (const o of keptOutputs) {
        own[i] = weights[i] === 0 ? (old[(place * inputs + c) * outputs + o] ?? 0) : 1
        i++
      }
}
