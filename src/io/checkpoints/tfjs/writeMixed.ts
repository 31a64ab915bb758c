import { channelsIn } from '../../../models/architecture/channelShapes.js'
import { partsOf, standardOf } from '../../../models/architecture/mixedChannels.js'
import { type NodeShape, numbersIn } from '../../../models/architecture/shapes.js'
import { covarianceSizes, fourierFeatures } from '../../../models/architecture/tokenSizes.js'
import { LEAST_LENGTH } from '../../../models/layers/normalisations.js'
import type {
  CrossCovarianceLayer,
  FourierPositionsLayer,
  PoolChannelsLayer,
  SoftmaxLayer,
  StandardizeLayer,
  UnitNormLayer,
} from '../../../models/layers/tokenLayers.js'
import { INTEGER, type Value } from './graphModel.js'
import type { Place } from './place.js'
import { reshaped } from './writeTokens.js'

/** Adds attention between channels. @returns its output */
export const writeCrossCovariance = (layer: CrossCovarianceLayer, place: Place): Value => {
  const { graph, kernel, inputs, parameter } = place
  const { id, shape, inputShapes } = kernel.node
  const { heads, tokens, depth } = covarianceSizes(layer, inputShapes)
  const turned = (what: string, x: Value, order: readonly number[]): Value =>
    graph.node('Transpose', `${id}/${what}`, [x, graph.integers(`${id}/${what}Order`, [4], order)], { Tperm: INTEGER })
  const rows = (what: string, x: Value | undefined): Value =>
    turned(what, reshaped(place, `${what}Rows`, x, [-1, tokens, heads, depth]), [0, 2, 3, 1])
  const product = (what: string, a: Value, b: Value, transposed: boolean): Value =>
    graph.node('BatchMatMulV2', `${id}/${what}`, [a, b], { adj_x: { b: false }, adj_y: { b: transposed } })
  const [query, key, value] = inputs
  const products = product('products', rows('query', query), rows('key', key), true)
  const shares = graph.node('Softmax', `${id}/shares`, [graph.node('Mul', `${id}/scaled`, [products, parameter('')])])
  const sums = turned('sums', product('heads', shares, rows('value', value), false), [0, 3, 1, 2])
  return reshaped(place, '', sums, imageSizes(shape))
}

/** Adds a combination of the features of each pixel's place. @returns its output */
export const writeFourierPositions = ({ features }: FourierPositionsLayer, place: Place): Value => {
  const { graph, kernel, inputs, parameter } = place
  const { id, shape } = kernel.node
  const rows = fourierFeatures(features, shape)
  const places = graph.constant(`${id}/places`, [rows.length, features], Float32Array.from(rows.flat()))
  const products = graph.node('MatMul', `${id}/products`, [places, parameter('weight')], {
    transpose_a: { b: false },
    transpose_b: { b: false },
  })
  const combined = graph.node('AddV2', `${id}/combined`, [products, parameter('bias')])
  const image = reshaped(place, 'image', combined, [1, ...imageSizes(shape).slice(1)])
  return graph.node('AddV2', id, [...inputs, image])
}

/** Adds a division of numbers by their length. @returns its output */
export const writeUnitNorm = ({ over }: UnitNormLayer, { graph, kernel, inputs: [x = ''] }: Place): Value => {
  const { id, shape } = kernel.node
  const axes = over === 'pixels' ? [1, 2] : [shape.kind === 'image' ? 3 : 1]
  const along = graph.integers(`${id}/axes`, [axes.length], axes)
  const squares = graph.node('Mul', `${id}/squares`, [x, x])
  const sums = graph.node('Sum', `${id}/sums`, [squares, along], { Tidx: INTEGER, keep_dims: { b: true } })
  const least = graph.constant(`${id}/least`, [], Float32Array.of(LEAST_LENGTH))
  const length = graph.node('Maximum', `${id}/length`, [graph.node('Sqrt', `${id}/norm`, [sums]), least])
  return graph.node('RealDiv', id, [x, length])
}

/** Adds shares of channels. @returns its output */
export const writeSoftmax = (layer: SoftmaxLayer, place: Place): Value => {
  const { graph, kernel, inputs } = place
  const { id, shape } = kernel.node
  const channels = channelsIn(shape)
  const parts = partsOf(layer, channels)
  if (parts === channels) return graph.node('Softmax', id, inputs)
  const order = graph.integers(`${id}/order`, [3], [0, 2, 1])
  const turned = (what: string, value: Value): Value =>
    graph.node('Transpose', `${id}/${what}`, [value, order], { Tperm: INTEGER })
  const rows = turned('rows', reshaped(place, 'parts', inputs[0], [-1, parts, channels / parts]))
  return reshaped(place, '', turned('back', graph.node('Softmax', `${id}/shares`, [rows])), imageSizes(shape))
}

/** Adds the largest or the mean of the same channel in all parts. @returns its output */
export const writePoolChannels = ({ of }: PoolChannelsLayer, place: Place): Value => {
  const { graph, kernel, inputs } = place
  const { id, shape, inputShapes } = kernel.node
  const size = channelsIn(shape)
  const parts = channelsIn(inputShapes[0] ?? shape) / size
  const listed = reshaped(place, 'parts', inputs[0], [-1, parts, size])
  const axis = graph.integers(`${id}/axis`, [1], [1])
  const keep = { Tidx: INTEGER, keep_dims: { b: false } }
  const pooled = graph.node(of === 'max' ? 'Max' : 'Mean', `${id}/pooled`, [listed, axis], keep)
  return reshaped(place, '', pooled, imageSizes(shape))
}

/** Adds a standardisation of each image. @returns its output */
export const writeStandardize = (_: StandardizeLayer, { graph, kernel, inputs: [x = ''] }: Place): Value => {
  const { id, shape } = kernel.node
  const standard = standardOf(numbersIn(shape))
  const axes = graph.integers(`${id}/axes`, [3], [1, 2, 3])
  const mean = (what: string, value: Value): Value =>
    graph.node('Mean', `${id}/${what}`, [value, axes], { Tidx: INTEGER, keep_dims: { b: true } })
  const number = (what: string, value: number): Value => graph.constant(`${id}/${what}`, [], Float32Array.of(value))
  const centred = graph.node('Sub', `${id}/centred`, [x, mean('mean', x)])
  const squares = mean('square', graph.node('Mul', `${id}/squares`, [centred, centred]))
  const variance = graph.node('Mul', `${id}/variance`, [squares, number('share', standard.factor)])
  const least = number('least', standard.least)
  const divisor = graph.node('Maximum', `${id}/divisor`, [graph.node('Sqrt', `${id}/deviation`, [variance]), least])
  return graph.node('RealDiv', id, [centred, divisor])
}

const imageSizes = (shape: NodeShape): readonly number[] =>
  shape.kind === 'image' ? [-1, shape.height, shape.width, shape.channels] : [-1, shape.features]
