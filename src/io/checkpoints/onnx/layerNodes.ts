import { dispatch } from '../../../dsl/kit/dispatch.js'
import { isEach, pairOf } from '../../../dsl/kit/extent.js'
import type { GraphNode } from '../../../models/architecture/architecture.js'
import type { Layer } from '../../../models/layers/layer.js'
import { groupsOf } from '../../../models/layers/layers.js'
import type { Conv2dLayer, ConvTranspose2dLayer } from '../../../models/layers/windowLayers.js'
import { batchNormDefaults } from '../../../models/parameters/statistics.js'
import { refuse } from '../../files/refusal.js'
import { activationNodes } from './activationNodes.js'
import { productNodes, selectNodes } from './channelNodes.js'
import { factorName, layerScaleName } from './graph/writtenNames.js'
import {
  crossCovarianceNodes,
  fourierPositionsNodes,
  poolChannelsNodes,
  softmaxNodes,
  standardizeNodes,
  unitNormNodes,
} from './mixedNodes.js'
import { groupNormNodes, layerNormNodes } from './normNodes.js'
import { cropNodes, flattenNodes, resizeNodes, unflattenNodes } from './reshapingNodes.js'
import { roundingNodes } from './roundingNodes.js'
import { attentionNodes, classTokenNodes, positionEmbeddingNodes, takeTokenNodes } from './tokenNodes.js'
import { avgPoolNodes, type LayerPlace, maxPoolNodes, padNodes, padsOf, window } from './windowNodes.js'
import {
  float,
  integer,
  integers,
  type Place,
  type WrittenAttribute,
  type WrittenNode,
  writtenNode,
} from './writtenNode.js'

const onlyInTraining = (_: Layer, { id }: Place): never =>
  refuse('a network without its stochastic head', `a layer "${id}" that only training has`)

/** The parameters and the attributes of a convolution, transposed or not. */
const taps = (
  layer: Conv2dLayer | ConvTranspose2dLayer,
): readonly [parameters: readonly string[], attributes: readonly WrittenAttribute[]] => {
  const { name, kernel, stride, padding, dilation = 1, bias } = layer
  const parameters = [`${name}.weight`, ...(bias === 'learned' ? [`${name}.bias`] : [])]
  const dilations = isEach(dilation, 1) ? [] : [integers('dilations', pairOf(dilation))]
  const groups = groupsOf(layer)
  const group = groups === 1 ? [] : [integer('group', groups)]
  return [parameters, [...window(kernel, stride), padsOf(padding), ...dilations, ...group]]
}

const write = dispatch<Layer, readonly [LayerPlace], readonly WrittenNode[]>({
  normalize: (_, place) => {
    const centred = `${place.id}/centred`
    return [
      writtenNode('Sub', { ...place, id: centred, output: centred }, [`${place.id}/mean`]),
      writtenNode('Div', { ...place, inputs: [centred] }, [`${place.id}/std`]),
    ]
  },
  conv2d: (layer, place) => [writtenNode('Conv', place, ...taps(layer))],
  convTranspose2d: (layer, place) => {
    const { outputPadding = 0 } = layer
    const [parameters, attributes] = taps(layer)
    const added = isEach(outputPadding, 0) ? [] : [integers('output_padding', pairOf(outputPadding))]
    return [writtenNode('ConvTranspose', place, parameters, [...attributes, ...added])]
  },
  batchNorm2d: ({ name }, place) => {
    const parameters = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => `${name}.${part}`)
    const { epsilon, momentum } = batchNormDefaults
    // In ONNX momentum is the share of the old statistics, in PyTorch that of the new ones.
    return [
      writtenNode('BatchNormalization', place, parameters, [
        float('epsilon', epsilon),
        float('momentum', 1 - momentum),
      ]),
    ]
  },
  layerNorm: layerNormNodes,
  groupNorm: groupNormNodes,
  affine2d: ({ name }, place) => {
    const scaled = `${place.id}/scaled`
    return [
      writtenNode('Mul', { ...place, id: scaled, output: scaled }, [`${name}.weight`]),
      writtenNode('Add', { ...place, inputs: [scaled] }, [`${name}.bias`]),
    ]
  },
  layerScale: (layer, place) => [writtenNode('Mul', place, [layerScaleName(layer)])],
  linear: ({ name }, place) => [writtenNode('Gemm', place, [`${name}.weight`, `${name}.bias`], [integer('transB', 1)])],
  relu: (_, place) => [writtenNode('Relu', place)],
  activation: ({ function: given }, place) => activationNodes(given, place),
  prelu: ({ name }, place) => [writtenNode('PRelu', place, [`${name}.weight`])],
  maxPool2d: maxPoolNodes,
  avgPool2d: avgPoolNodes,
  pad2d: (layer, place) => padNodes(layer, layer.value ?? 0, place, layer.mode),
  crop2d: cropNodes,
  resize2d: resizeNodes,
  flatten: flattenNodes,
  unflatten: unflattenNodes,
  add: (_, place) => [writtenNode(place.inputs.length === 2 ? 'Add' : 'Sum', place)],
  concat: (_, place) => [writtenNode('Concat', place, [], [integer('axis', 1)])],
  selectChannels: selectNodes,
  multiply: (_, place) => productNodes(place),
  scale: (_, place) => [writtenNode('Mul', place, [factorName(place.id)])],
  fakeQuantize: roundingNodes,
  attention: attentionNodes,
  classToken: classTokenNodes,
  positionEmbedding: positionEmbeddingNodes,
  takeToken: takeTokenNodes,
  unitNorm: unitNormNodes,
  crossCovariance: crossCovarianceNodes,
  fourierPositions: fourierPositionsNodes,
  softmax: softmaxNodes,
  poolChannels: poolChannelsNodes,
  standardize: standardizeNodes,
  given: onlyInTraining,
  sample: onlyInTraining,
})

/** Constants of a layer that are not parameters, one number per channel, by the names that its nodes read. */
export const constantsOf = ({ id, layer }: GraphNode): Readonly<Record<string, readonly number[]>> =>
  layer.type === 'normalize' ? { [`${id}/mean`]: layer.mean, [`${id}/std`]: layer.std } : {}

/**
 * The ONNX nodes of a layer. The name of the last node is the layer's id; parameters have their PyTorch names.
 *
 * @param output the name of the layer's output
 * @param opset of the file
 * @throws Refusal for a layer that only training has
 */
export const nodesOf = (
  { id, layer, inputs, inputShapes }: GraphNode,
  output: string,
  opset: number,
): readonly WrittenNode[] => write(layer, { id, inputs, output, inputShapes, opset })
