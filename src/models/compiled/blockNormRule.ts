import type { Value } from '../../engine/graph/graphNodes.js'
import { present } from '../architecture/lookups.js'
import { blocksOf } from '../architecture/normalisedBlocks.js'
import type { GroupNormLayer, LayerNormLayer } from '../layers/layer.js'
import { EPSILON } from '../layers/normalisations.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/** Normalisation of blocks of numbers of each image; see `blockNorm` of the engine. */
export const blockNormRule = (layer: LayerNormLayer | GroupNormLayer): LayerRule => {
  const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`]
  /** (x − μ)/√(σ² + ε) and √(σ² + ε), in the shape of the blocks. */
  const normalised = ({ graph, kernel }: Place, x: Value) => {
    const { shape, axes } = blocksOf(layer, kernel.node.inputShapes[0])
    const numbers = graph.reshape(x, shape)
    const centred = graph.subtract(numbers, graph.mean(numbers, axes))
    const variance = graph.mean(graph.multiply(centred, centred), axes)
    const deviation = graph.squareRoot(graph.add(variance, graph.number(layer.epsilon ?? EPSILON)))
    return { z: graph.divide(centred, deviation), deviation }
  }
  return {
    forward: (place, [x = '']) => {
      const { graph, parameters } = place
      const scaled = graph.multiply(graph.reshapeLike(normalised(place, x).z, x), present(parameters, weight))
      return activated(place, graph.add(scaled, present(parameters, bias)))
    },
    backward: (place, incoming) => {
      const { graph, kernel, parameters } = place
      const { shape, axes } = blocksOf(layer, kernel.node.inputShapes[0])
      const x = incoming.input()
      const { z, deviation } = normalised(place, x)
      const dy = deactivated(place, incoming)
      const dz = graph.reshape(graph.multiply(dy, present(parameters, weight)), shape)
      const along = graph.add(graph.mean(dz, axes), graph.multiply(z, graph.mean(graph.multiply(dz, z), axes)))
      const dx = graph.divide(graph.subtract(dz, along), deviation)
      return {
        inputs: [graph.reshapeLike(dx, x)],
        parameters: {
          [weight]: graph.biasGradient(graph.multiply(dy, graph.reshapeLike(z, dy))),
          [bias]: graph.biasGradient(dy),
        },
      }
    },
  }
}
