import { channelsIn } from '../../../models/architecture/channelShapes.js'
import { partsOf, standardOf } from '../../../models/architecture/mixedChannels.js'
import { numbersIn } from '../../../models/architecture/shapes.js'
import { covarianceSizes } from '../../../models/architecture/tokenSizes.js'
import { LEAST_LENGTH } from '../../../models/layers/normalisations.js'
import type {
  CrossCovarianceLayer,
  FourierPositionsLayer,
  PoolChannelsLayer,
  SoftmaxLayer,
  StandardizeLayer,
  UnitNormLayer,
} from '../../../models/layers/tokenLayers.js'
import { placesName } from './graph/writtenNames.js'
import { channelsOf, Nodes } from './nodeList.js'
import { wholeName } from './tokenNodes.js'
import type { LayerPlace } from './windowNodes.js'
import { integer, type WrittenNode, writtenNode } from './writtenNode.js'

/** Attention between channels, by matrix products and a softmax. */
export const crossCovarianceNodes = (layer: CrossCovarianceLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const { heads, tokens, depth } = covarianceSizes(layer, place.inputShapes)
  const [query = '', key = '', value = ''] = place.inputs.map((x) => nodes.reshape(x, [0, heads, depth, tokens]))
  const products = nodes.add('MatMul', [query, nodes.transpose(key, [0, 1, 3, 2])])
  const shares = nodes.add('Softmax', [nodes.add('Mul', [products, wholeName(layer.name)])], [integer('axis', -1)])
  const sums = nodes.main('MatMul', [shares, value])
  const [shape] = place.inputShapes
  const [height, width] = shape?.kind === 'image' ? [shape.height, shape.width] : [1, 1]
  return nodes.reshaped(sums, [0, channelsOf(shape), height, width])
}

/** A combination of the features of each pixel's place, added: a convolution of the features, which the file holds. */
export const fourierPositionsNodes = (
  { name }: FourierPositionsLayer,
  { id, inputs, output }: LayerPlace,
): readonly WrittenNode[] => {
  const combined = `${id}/combined`
  return [
    writtenNode('Conv', { id: combined, inputs: [placesName(id)], output: combined }, [
      `${name}.weight`,
      `${name}.bias`,
    ]),
    writtenNode('Add', { id, inputs, output }, [combined]),
  ]
}

/** Numbers divided by their length. */
export const unitNormNodes = ({ over }: UnitNormLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const length = nodes.reduce('ReduceL2', x, over === 'pixels' ? [2, 3] : [1])
  return nodes.ending('Div', [x, nodes.add('Max', [length, nodes.number(LEAST_LENGTH)])], [])
}

/** Shares of channels. */
export const softmaxNodes = (layer: SoftmaxLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const [shape] = place.inputShapes
  const axis = [integer('axis', 1)]
  if (layer.parts === undefined || !shape) return nodes.ending('Softmax', [x], axis)
  const channels = channelsIn(shape)
  const pixels = shape.kind === 'image' ? [shape.height, shape.width] : []
  const parts = partsOf(layer, channels)
  const shares = nodes.main('Softmax', [nodes.reshape(x, [0, parts, channels / parts, ...pixels])], axis)
  return nodes.reshaped(shares, [0, channels, ...pixels])
}

/** The largest or the mean of the same channel in all parts. */
export const poolChannelsNodes = (layer: PoolChannelsLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const [shape] = place.inputShapes
  const channels = shape ? channelsIn(shape) : 1
  const parts = partsOf(layer, channels)
  const pixels = shape?.kind === 'image' ? [shape.height, shape.width] : []
  const listed = nodes.reshape(x, [0, parts, channels / parts, ...pixels])
  return nodes.reduced(layer.of === 'max' ? 'ReduceMax' : 'ReduceMean', listed, [1])
}

/** Each image with mean 0 and standard deviation 1. */
export const standardizeNodes = (_: StandardizeLayer, place: LayerPlace): readonly WrittenNode[] => {
  const nodes = new Nodes(place)
  const [x = ''] = place.inputs
  const [shape] = place.inputShapes
  const { factor, least } = standardOf(shape ? numbersIn(shape) : 1)
  const axes = [1, 2, 3]
  const centred = nodes.add('Sub', [x, nodes.reduce('ReduceMean', x, axes)])
  const mean = nodes.reduce('ReduceMean', nodes.add('Mul', [centred, centred]), axes)
  const variance = nodes.add('Mul', [mean, nodes.number(factor)])
  const deviation = nodes.add('Sqrt', [variance])
  return nodes.ending('Div', [centred, nodes.add('Max', [deviation, nodes.number(least)])], [])
}
