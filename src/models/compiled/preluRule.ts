import { present } from '../architecture/lookups.js'
import type { PreluLayer } from '../layers/layer.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/** x for x > 0, else a·x. As in PyTorch, the derivative at 0 is a. */
export const preluRule = ({ name, slopes }: PreluLayer): LayerRule => {
  const weight = `${name}.weight`
  const slopeOf = ({ parameters }: Place) => present(parameters, weight)
  return {
    forward: (place, [x = '']) => {
      const { graph } = place
      const below = graph.multiply(slopeOf(place), graph.smaller(x, graph.number(0)))
      return activated(place, graph.add(graph.relu(x), below))
    },
    backward: (place, incoming) => {
      const { graph } = place
      const [dz, x] = [deactivated(place, incoming), incoming.input()]
      const above = graph.elementwise('Sign', graph.relu(x))
      const below = graph.subtract(graph.number(1), above)
      const ofSlopes = graph.multiply(dz, graph.smaller(x, graph.number(0)))
      return {
        inputs: [graph.multiply(dz, graph.add(above, graph.multiply(slopeOf(place), below)))],
        parameters: {
          [weight]: slopes === 'each' ? graph.biasGradient(ofSlopes) : graph.total(graph.reshape(ofSlopes, [-1]), [0]),
        },
      }
    },
  }
}
