import type { Layer } from '../layers.js'
import { batchNormRule } from './batchNormRule.js'
import { convolutionRule } from './convolutionRule.js'
import { activated, deactivated, type LayerRule, parameter } from './layerRule.js'
import { sampleRule } from './sampleRule.js'

type Rules = { readonly [K in Layer['type']]: LayerRule<Extract<Layer, { readonly type: K }>> }

const rules: Rules = {
  normalize: {
    forward: ({ graph, layer: { mean, std } }, [x = '']) =>
      graph.multiply(graph.subtract(x, graph.matrix([mean])), graph.matrix([std.map((value) => 1 / value)])),
    backward: ({ graph, layer: { std } }, { dy }) => ({
      inputs: [graph.multiply(dy, graph.matrix([std.map((value) => 1 / value)]))],
    }),
  },
  conv2d: convolutionRule,
  batchNorm2d: batchNormRule,
  affine2d: {
    forward: (place, [x = '']) => {
      const { graph, layer, parameters } = place
      const scaled = graph.multiply(x, parameter(parameters, `${layer.name}.weight`))
      return activated(place, graph.add(scaled, parameter(parameters, `${layer.name}.bias`)))
    },
    backward: (place, incoming) => {
      const { graph, layer, parameters } = place
      const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`]
      const dz = deactivated(place, incoming)
      return {
        inputs: [graph.multiply(dz, parameter(parameters, weight))],
        parameters: {
          [weight]: graph.biasGradient(graph.multiply(dz, incoming.input())),
          [bias]: graph.biasGradient(dz),
        },
      }
    },
  },
  linear: {
    forward: (place, [x = '']) => {
      const { graph, layer, parameters } = place
      const product = graph.product(x, parameter(parameters, `${layer.name}.weight`))
      return activated(place, graph.biasAdd(product, parameter(parameters, `${layer.name}.bias`)))
    },
    backward: (place, incoming) => {
      const { graph, layer, parameters } = place
      const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`]
      const dz = deactivated(place, incoming)
      return {
        inputs: [graph.product(dz, parameter(parameters, weight), 'second')],
        parameters: { [weight]: graph.product(incoming.input(), dz, 'first'), [bias]: graph.biasGradient(dz) },
      }
    },
  },
  relu: {
    forward: ({ graph }, [x = '']) => graph.relu(x),
    backward: ({ graph }, { dy, output }) => ({ inputs: [graph.reluGradient(dy, output())] }),
  },
  maxPool2d: {
    forward: ({ graph, layer }, [x = '']) => graph.maxPool(x, layer.kernel, layer.stride),
    backward: ({ graph, layer }, { dy, input, output }) => ({
      inputs: [graph.maxPoolGradient(input(), output(), dy, layer.kernel, layer.stride)],
    }),
  },
  avgPool2d: {
    forward: ({ graph, layer }, [x = '']) => graph.avgPool(x, layer.kernel, layer.stride),
    backward: ({ graph, layer }, { dy, input }) => ({
      inputs: [graph.avgPoolGradient(graph.shapeOf(input()), dy, layer.kernel, layer.stride)],
    }),
  },
  flatten: {
    forward: ({ graph, kernel: { node } }, [x = '']) =>
      graph.reshape(x, [-1, node.shape.kind === 'vector' ? node.shape.features : -1]),
    backward: ({ graph, kernel: { node } }, { dy }) => {
      const [shape] = node.inputShapes
      if (shape?.kind !== 'image') return { inputs: [dy] }
      return { inputs: [graph.reshape(dy, [-1, shape.height, shape.width, shape.channels])] }
    },
  },
  add: {
    forward: ({ graph }, inputs) => graph.sum(inputs),
    backward: ({ kernel }, { dy }) => ({ inputs: kernel.node.inputs.map(() => dy) }),
  },
  given: { forward: ({ layer, given }) => given(layer.value), backward: () => ({ inputs: [] }) },
  sample: sampleRule,
}

/** How a layer runs in a graph, and how gradients come back through it. */
export const ruleOf = (layer: Layer): LayerRule<Layer> =>
  // Each layer type is looked up under its own key, which TypeScript can't follow through a union.
  rules[layer.type] as LayerRule<Layer>
