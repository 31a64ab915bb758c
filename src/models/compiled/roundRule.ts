import type { GraphBuilder } from '../../engine/graph/graphBuilder.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { multiplesOf } from '../layers/fakeQuantize.js'
import type { FakeQuantizeLayer } from '../layers/layer.js'
import type { LayerRule } from './layerRule.js'

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
