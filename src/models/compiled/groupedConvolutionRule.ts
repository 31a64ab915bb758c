import { pairOf } from '../../dsl/kit/extent.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { present } from '../architecture/lookups.js'
import { groupsOf } from '../layers/layers.js'
import type { Conv2dLayer } from '../layers/windowLayers.js'
import { type Filter, filterOf } from './convolutions/filter.js'
import { windowOf } from './convolutions/window.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/** The product of the padded images and a filter, group by group, and its gradients. */
interface Product {
  readonly forward: (seen: Value) => Value
  readonly inputGradient: (seen: Value, dz: Value) => Value
  readonly filterGradient: (seen: Value, dz: Value) => Value
}

/**
 * A convolution of several groups: the depth-wise operation if each group has one input channel, else one convolution
 * per group. TensorFlow's depth-wise operation has one stride for both axes.
 */
export const groupedConvolutionRule = (layer: Conv2dLayer): LayerRule => ({
  forward: (place, [x = '']) => {
    const { graph, parameters } = place
    const product = productOf(layer, place).forward(windowOf(layer, place).seen(x))
    if (layer.bias === 'none') return activated(place, product)
    // Not `biasAdd`: TensorFlow would fuse a depth-wise convolution, its bias and a sum into an operation it doesn't
    // have.
    return activated(place, graph.add(product, present(parameters, `${layer.name}.bias`)))
  },
  backward: (place, incoming) => {
    const { graph } = place
    const { seen, back } = windowOf(layer, place)
    const [dz, x] = [deactivated(place, incoming), incoming.input()]
    const window = seen(x)
    const product = productOf(layer, place)
    return {
      inputs: [back(x, product.inputGradient(window, dz))],
      parameters: {
        [`${layer.name}.weight`]: product.filterGradient(window, dz),
        ...(layer.bias === 'none' ? {} : { [`${layer.name}.bias`]: graph.biasGradient(dz) }),
      },
    }
  },
})

const productOf = (layer: Conv2dLayer, place: Place): Product => {
  const { graph, kernel, parameters } = place
  const [shape] = kernel.node.inputShapes
  const channels = shape?.kind === 'image' ? shape.channels : 0
  const inputs = channels / groupsOf(layer)
  const filter = filterOf(graph, layer, present(parameters, `${layer.name}.weight`), inputs)
  const [down, across] = pairOf(layer.stride)
  return inputs === 1 && down === across ? depthwise(layer, place, filter) : sliced(layer, place, filter)
}

const depthwise = (layer: Conv2dLayer, place: Place, filter: Filter): Product => {
  const { graph } = place
  const { stride, padding } = windowOf(layer, place)
  const [height, width, , out] = filter.shape
  const shape = [height, width, groupsOf(layer), out / groupsOf(layer)]
  const perInput = graph.reshape(filter.value, shape)
  return {
    forward: (seen) => graph.depthwiseConv2d(seen, perInput, stride, padding),
    inputGradient: (seen, dz) => graph.depthwiseInputGradient(graph.shapeOf(seen), perInput, dz, stride, padding),
    filterGradient: (seen, dz) =>
      filter.gradient(graph.reshape(graph.depthwiseFilterGradient(seen, shape, dz, stride, padding), filter.shape)),
  }
}

const sliced = (layer: Conv2dLayer, place: Place, filter: Filter): Product => {
  const { graph } = place
  const { stride, padding } = windowOf(layer, place)
  const [height, width, inputs, out] = filter.shape
  const groups = groupsOf(layer)
  const parts = (value: Value): readonly Value[] => graph.splitChannels(value, groups)
  const joined = (a: Value, b: Value, combine: (a: Value, b: Value) => Value): Value => {
    const others = parts(b)
    return graph.joinChannels(parts(a).map((part, i) => combine(part, others[i] ?? '')))
  }
  return {
    forward: (seen) => joined(seen, filter.value, (x, w) => graph.conv2d(x, w, stride, padding)),
    inputGradient: (seen, dz) => {
      const [first = ''] = parts(seen)
      const shape = graph.shapeOf(first)
      return joined(filter.value, dz, (w, dy) => graph.conv2dInputGradient(shape, w, dy, stride, padding))
    },
    filterGradient: (seen, dz) =>
      filter.gradient(
        joined(seen, dz, (x, dy) =>
          graph.conv2dFilterGradient(x, [height, width, inputs, out / groups], dy, stride, padding),
        ),
      ),
  }
}
