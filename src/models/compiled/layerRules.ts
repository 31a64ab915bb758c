import { dispatch } from '../../dsl/kit/dispatch.js'
import { present } from '../architecture/lookups.js'
import type { Layer } from '../layers/layer.js'
import { activationRule, preluRule, roundRule } from './activationRule.js'
import { batchNormRule } from './batchNormRule.js'
import { blockNormRule } from './blockNormRule.js'
import { concatRule, layerScaleRule, multiplyRule, selectRule } from './channelRules.js'
import { convolutionRule } from './convolutionRule.js'
import { activated, deactivated, type LayerRule } from './layerRule.js'
import {
  crossCovarianceRule,
  fourierPositionsRule,
  poolChannelsRule,
  softmaxRule,
  standardizeRule,
  unitNormRule,
} from './mixedChannelRules.js'
import { avgPoolRule, maxPoolRule, padRule } from './poolRules.js'
import { cropRule, flattenRule, resizeRule, unflattenRule } from './reshapingRules.js'
import { sampleRule } from './sampleRule.js'
import { attentionRule, classTokenRule, positionEmbeddingRule, takeTokenRule } from './tokenRules.js'
import { transposedRule } from './transposedRule.js'

/** How a layer runs in a graph, and how gradients pass through it. */
export const ruleOf = dispatch<Layer, [], LayerRule>({
  normalize: ({ mean, std }) => ({
    forward: ({ graph }, [x = '']) =>
      graph.multiply(graph.subtract(x, graph.matrix([mean])), graph.matrix([std.map((value) => 1 / value)])),
    backward: ({ graph }, { dy }) => ({
      inputs: [graph.multiply(dy, graph.matrix([std.map((value) => 1 / value)]))],
    }),
  }),
  conv2d: convolutionRule,
  convTranspose2d: transposedRule,
  batchNorm2d: batchNormRule,
  layerNorm: blockNormRule,
  groupNorm: blockNormRule,
  affine2d: ({ name }) => ({
    forward: (place, [x = '']) => {
      const { graph, parameters } = place
      const scaled = graph.multiply(x, present(parameters, `${name}.weight`))
      return activated(place, graph.add(scaled, present(parameters, `${name}.bias`)))
    },
    backward: (place, incoming) => {
      const { graph, parameters } = place
      const [weight, bias] = [`${name}.weight`, `${name}.bias`]
      const dz = deactivated(place, incoming)
      return {
        inputs: [graph.multiply(dz, present(parameters, weight))],
        parameters: {
          [weight]: graph.biasGradient(graph.multiply(dz, incoming.input())),
          [bias]: graph.biasGradient(dz),
        },
      }
    },
  }),
  layerScale: layerScaleRule,
  linear: ({ name }) => ({
    forward: (place, [x = '']) => {
      const { graph, parameters } = place
      const product = graph.product(x, present(parameters, `${name}.weight`))
      return activated(place, graph.biasAdd(product, present(parameters, `${name}.bias`)))
    },
    backward: (place, incoming) => {
      const { graph, parameters } = place
      const [weight, bias] = [`${name}.weight`, `${name}.bias`]
      const dz = deactivated(place, incoming)
      return {
        inputs: [graph.product(dz, present(parameters, weight), 'second')],
        parameters: { [weight]: graph.product(incoming.input(), dz, 'first'), [bias]: graph.biasGradient(dz) },
      }
    },
  }),
  relu: () => ({
    forward: ({ graph }, [x = '']) => graph.relu(x),
    backward: ({ graph }, { dy, output }) => ({ inputs: [graph.reluGradient(dy, output())] }),
  }),
  activation: activationRule,
  prelu: preluRule,
  maxPool2d: maxPoolRule,
  avgPool2d: avgPoolRule,
  pad2d: padRule,
  crop2d: cropRule,
  resize2d: resizeRule,
  flatten: flattenRule,
  unflatten: unflattenRule,
  add: () => ({
    forward: ({ graph }, inputs) => graph.sum(inputs),
    backward: ({ kernel }, { dy }) => ({ inputs: kernel.node.inputs.map(() => dy) }),
  }),
  concat: () => concatRule,
  selectChannels: selectRule,
  multiply: () => multiplyRule,
  scale: ({ factor }) => ({
    forward: ({ graph }, [x = '']) => graph.multiply(x, graph.number(factor)),
    backward: ({ graph }, { dy }) => ({ inputs: [graph.multiply(dy, graph.number(factor))] }),
  }),
  fakeQuantize: roundRule,
  attention: attentionRule,
  classToken: classTokenRule,
  positionEmbedding: positionEmbeddingRule,
  takeToken: takeTokenRule,
  unitNorm: unitNormRule,
  crossCovariance: crossCovarianceRule,
  fourierPositions: fourierPositionsRule,
  softmax: softmaxRule,
  poolChannels: poolChannelsRule,
  standardize: standardizeRule,
  given: ({ value }) => ({ forward: ({ given }) => given(value), backward: () => ({ inputs: [] }) }),
  sample: () => sampleRule,
})
