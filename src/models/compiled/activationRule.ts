import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import type { Arithmetic } from '../activations/arithmetic.js'
import { formulaOf } from '../activations/formulas.js'
import { present } from '../architecture/lookups.js'
import { multiplesOf } from '../layers/fakeQuantize.js'
import type { ActivationLayer, FakeQuantizeLayer, PreluLayer } from '../layers/layer.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/** An element-wise function. Its backward pass computes f′ from the input, which the forward pass keeps. */
export const activationRule = ({ function: given }: ActivationLayer): LayerRule => {
  const { value, slope } = formulaOf(given)
  return {
    forward: ({ graph }, [x = '']) => value(nodesOn(graph), x),
    backward: ({ graph }, { dy, input }) => ({ inputs: [graph.multiply(dy, slope(nodesOn(graph), input()))] }),
  }
}

/** The operations as nodes of a graph. */
const nodesOn = (graph: GraphBuilder): Arithmetic<Value> => ({
  constant: (value) => graph.number(value),
  plus: (a, b) => graph.add(a, b),
  minus: (a, b) => graph.subtract(a, b),
  times: (a, b) => graph.multiply(a, b),
  exp: (x) => graph.exponential(x),
  expm1: (x) => graph.expm1(x),
  sigmoid: (x) => graph.elementwise('Sigmoid', x),
  tanh: (x) => graph.elementwise('Tanh', x),
  erf: (x) => graph.elementwise('Erf', x),
  // TensorFlow replaces x·tanh(softplus(x)) by a node that it can't run after an addition. The maximum, which changes
  // nothing, keeps it from that.
  softplus: (x) => graph.larger(graph.elementwise('Softplus', x), graph.number(0)),
  atLeast: (x, least) => graph.larger(x, graph.number(least)),
  atMost: (x, most) => graph.smaller(x, graph.number(most)),
  step: (x) => graph.elementwise('Sign', graph.relu(x)),
})

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

/** Numbers rounded to a grid: the gradient passes where they are not clipped. */
export const roundRule = (layer: FakeQuantizeLayer): LayerRule => ({
  forward: ({ graph }, [x = '']) => {
    const { clipped, step } = multiples(graph, x, layer)
    return graph.multiply(clipped, step)
  },
  backward: ({ graph }, { dy, input }) => {
    const { exact, clipped } = multiples(graph, input(), layer)
    // Both are whole numbers: the distance is 0, or at least 1.
    const beyond = graph.smaller(graph.absolute(graph.subtract(exact, clipped)), graph.number(1))
    return { inputs: [graph.multiply(dy, graph.subtract(graph.number(1), beyond))] }
  },
})

const multiples = (graph: GraphBuilder, x: Value, layer: FakeQuantizeLayer) => {
  const { step, low, high } = multiplesOf(layer)
  const ofChannels = (numbers: readonly number[]): Value =>
    numbers.length === 1 ? graph.number(numbers[0] ?? 0) : graph.matrix([numbers])
  const size = ofChannels(step)
  const exact = graph.elementwise('Round', graph.quotient(x, size))
  return { step: size, exact, clipped: graph.smaller(graph.larger(exact, ofChannels(low)), ofChannels(high)) }
}
