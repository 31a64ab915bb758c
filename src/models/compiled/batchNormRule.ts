import type { Value } from '../../engine/graph/graphNodes.js'
import { present } from '../architecture/lookups.js'
import type { BatchNorm2dLayer } from '../layers/layer.js'
import { batchNormDefaults } from '../parameters/statistics.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/** Names of what the forward pass keeps: the moments that the minibatch was normalised by. */
export const momentNames = { mean: 'mean', variance: 'variance' } as const

const { epsilon } = batchNormDefaults

/** Images as they are; vectors as images of one pixel, whose channels are the features. */
const image = ({ graph, kernel: { node } }: Place, x: Value): Value =>
  node.shape.kind === 'image' ? x : graph.reshape(x, [-1, 1, 1, node.shape.features])

/** The inverse of `image`. */
const ownShape = ({ graph, kernel: { node } }: Place, x: Value): Value =>
  node.shape.kind === 'image' ? x : graph.reshape(x, [-1, node.shape.features])

/** Batch normalisation as in training; see `batchNorm` of the engine. It needs the whole minibatch in one part. */
export const batchNormRule = ({ name }: BatchNorm2dLayer): LayerRule => ({
  forward: (place, [x = '']) => {
    const { graph, parameters, saved } = place
    const scale = present(parameters, `${name}.weight`)
    const { y, mean, variance } = graph.batchNorm(image(place, x), scale, present(parameters, `${name}.bias`), epsilon)
    saved.keep(momentNames.mean, mean)
    saved.keep(momentNames.variance, variance)
    return activated(place, ownShape(place, y))
  },
  backward: (place, incoming) => {
    const { graph, parameters, saved } = place
    const [weight, bias] = [`${name}.weight`, `${name}.bias`]
    const moments = { mean: saved.recall(momentNames.mean), variance: saved.recall(momentNames.variance) }
    const dz = deactivated(place, incoming)
    const scale = present(parameters, weight)
    const x = image(place, incoming.input())
    const [dx, dScale, dShift] = graph.batchNormGradient(image(place, dz), x, scale, moments, epsilon)
    return { inputs: [ownShape(place, dx)], parameters: { [weight]: dScale, [bias]: dShift } }
  },
})
