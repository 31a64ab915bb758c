import type { Value } from '../../engine/graph/graphNodes.js'
import { present } from '../architecture/lookups.js'
import type { ConvTranspose2dLayer } from '../layers/windowLayers.js'
import { type Transposed, transposedOf } from '../windows/transposed.js'
import { convolutionRule } from './convolutionRule.js'
import type { LayerRule, Place } from './layerRule.js'

/** A transposed convolution: the convolution of a larger image by the reversed kernel. */
export const transposedRule = (layer: ConvTranspose2dLayer): LayerRule => {
  const weight = `${layer.name}.weight`
  const reversed = ({ graph }: Place, filter: Value): Value => graph.reverse(filter, [0, 1])
  const directOf = ({ kernel: { node } }: Place): Transposed => transposedOf(layer, node.inputShapes[0])
  /** The place of that convolution: what it reads, and its parameters. */
  const inside = (place: Place, { seen }: Transposed): Place => {
    const { kernel, parameters } = place
    return {
      ...place,
      kernel: { ...kernel, node: { ...kernel.node, inputShapes: [seen] } },
      parameters: new Map(parameters).set(weight, reversed(place, present(parameters, weight))),
    }
  }
  return {
    forward: (place, [x = '']) => {
      const direct = directOf(place)
      return convolutionRule(direct.layer).forward(inside(place, direct), [spacedOut(place, direct, x)])
    },
    backward: (place, incoming) => {
      const direct = directOf(place)
      const { inputs, parameters = {} } = convolutionRule(direct.layer).backward(inside(place, direct), {
        ...incoming,
        input: () => spacedOut(place, direct, incoming.input()),
      })
      return {
        inputs: inputs.map((dSeen) => gathered(place, direct, dSeen)),
        parameters: { ...parameters, [weight]: reversed(place, parameters[weight] ?? '') },
      }
    },
  }
}

/** The input of the convolution. */
const spacedOut = (
  { graph }: Place,
  { spacing: [down, across], spaced, added, cut, seen }: Transposed,
  x: Value,
): Value => {
  const { height, width, channels } = spaced
  const after = (value: Value, zeros: number): Value =>
    zeros === 0 ? value : graph.padSides(value, { top: 0, bottom: 0, left: 0, right: zeros }, 0)
  const rows = after(graph.reshape(x, [-1, height / down, 1, (width / across) * channels]), down - 1)
  const columns = after(graph.reshape(rows, [-1, width / across, 1, channels]), across - 1)
  const padded = graph.padSides(graph.reshape(columns, [-1, height, width, channels]), added, 0)
  return graph.cropSides(padded, cut, seen.height, seen.width)
}

/** The gradient of the layer's input from that of the convolution's. */
const gathered = ({ graph }: Place, { spacing, spaced, added, cut }: Transposed, dSeen: Value): Value => {
  const { height, width } = spaced
  return graph.subsample(graph.cropSides(graph.padSides(dSeen, cut, 0), added, height, width), spacing)
}
