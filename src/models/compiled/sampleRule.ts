import type { LayerRule } from './layerRule.js'

/** Name of what the forward pass keeps: exp(½·s)∘ε, half of which is the derivative by the log-variance s. */
const DEVIATION = 'deviation'

/** A sample of a Gaussian; see `sample`. The noise has no gradient. */
export const sampleRule: LayerRule = {
  forward: ({ graph, saved }, [mean = '', second = '', third]) => {
    if (third === undefined) return graph.add(mean, second)
    const deviation = graph.multiply(graph.exponential(graph.multiply(second, graph.matrix([[0.5]]))), third)
    saved.keep(DEVIATION, deviation)
    return graph.add(mean, deviation)
  },
  backward: ({ graph, kernel, saved }, { dy }) => {
    if (kernel.node.inputs.length === 2) return { inputs: [dy] }
    const slope = graph.multiply(saved.recall(DEVIATION), graph.matrix([[0.5]]))
    return { inputs: [dy, graph.multiply(dy, slope)] }
  },
}
