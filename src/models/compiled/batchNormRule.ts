import type { BatchNorm2dLayer } from '../architecture/layer.js'
import { present } from '../architecture/lookups.js'
import { batchNormDefaults } from '../parameters/statistics.js'
import { activated, deactivated, type LayerRule } from './layerRule.js'

/** Names of what the forward pass keeps: the moments that the minibatch was normalised by. */
export const momentNames = { mean: 'mean', variance: 'variance' } as const

const { epsilon } = batchNormDefaults

/** Batch normalisation as in training; see `batchNorm` of the engine. It needs the whole minibatch in one part. */
export const batchNormRule = ({ name }: BatchNorm2dLayer): LayerRule => ({
  forward: (place, [x = '']) => {
    const { graph, parameters, saved } = place
    const scale = present(parameters, `${name}.weight`)
    const { y, mean, variance } = graph.batchNorm(x, scale, present(parameters, `${name}.bias`), epsilon)
    saved.keep(momentNames.mean, mean)
    saved.keep(momentNames.variance, variance)
    return activated(place, y)
  },
  backward: (place, incoming) => {
    const { graph, parameters, saved } = place
    const [weight, bias] = [`${name}.weight`, `${name}.bias`]
    const moments = { mean: saved.recall(momentNames.mean), variance: saved.recall(momentNames.variance) }
    const dz = deactivated(place, incoming)
    const scale = present(parameters, weight)
    const [dx, dScale, dShift] = graph.batchNormGradient(dz, incoming.input(), scale, moments, epsilon)
    return { inputs: [dx], parameters: { [weight]: dScale, [bias]: dShift } }
  },
})
