import { isEach, pairOf } from '../../dsl/kit/extent.js'
import type { Value } from '../../engine/graph/graphNodes.js'
import { present } from '../architecture/lookups.js'
import { groupsOf } from '../layers/layers.js'
import type { Conv2dLayer } from '../layers/windowLayers.js'
import { filterOf } from './convolutions/filter.js'
import { windowOf } from './convolutions/window.js'
import { Winograd } from './convolutions/winograd.js'
import { groupedConvolutionRule } from './groupedConvolutionRule.js'
import { activated, deactivated, type LayerRule, type Place } from './layerRule.js'

/**
 * With fewer channels, TensorFlow's kernel for a convolution's input gradient leaves most of a vector register empty.
 */
const FEW_CHANNELS = 8

/**
 * ∂L/∂x of a convolution whose stride s divides its kernel k = m·s, as a convolution without stride. Row
 * y = s·(i + a) + q of the padded image receives dz_i · w_(s·a + q), so each block of s × s pixels is a sum over m × m
 * values of dz, with the filter's taps sorted by q and reversed.
 */
const blockwiseInputGradient = (
  layer: Conv2dLayer,
  { graph, kernel, parameters }: Place,
  dz: Value,
): Value | undefined => {
  const [shape] = kernel.node.inputShapes
  const { shape: result } = kernel.node
  const { out } = layer
  const [[side, other], [stride, across], [padding, left]] = [
    pairOf(layer.kernel),
    pairOf(layer.stride),
    pairOf(layer.padding),
  ]
  const even = side === other && stride === across && padding === left && isEach(layer.dilation ?? 1, 1)
  if (!even || shape?.kind !== 'image' || result.kind !== 'image') return undefined
  const { height, width, channels } = shape
  const taps = side / stride
  const reaches = (size: number, outputs: number): boolean => padding + size <= stride * (outputs + taps - 1)
  const suits = stride > 1 && Number.isInteger(taps) && channels < FEW_CHANNELS
  if (!suits || !reaches(height, result.height) || !reaches(width, result.width)) return undefined
  const sorted = graph.reshape(present(parameters, `${layer.name}.weight`), [taps, stride, taps, stride, channels, out])
  const turned = graph.transpose(graph.reverse(sorted, [0, 2]), [0, 2, 5, 1, 3, 4])
  const filter = graph.reshape(turned, [taps, taps, out, stride * stride * channels])
  const blocks = graph.conv2d(graph.pad(dz, [taps - 1, taps - 1]), filter, [1, 1], 'valid')
  return graph.crop(graph.depthToSpace(blocks, stride), [padding, padding], height, width)
}

/**
 * A convolution: by Winograd's algorithm or with TensorFlow's kernels, whichever is faster; by groups if it has
 * several.
 */
export const convolutionRule = (layer: Conv2dLayer): LayerRule =>
  groupsOf(layer) > 1 ? groupedConvolutionRule(layer) : denseConvolutionRule(layer)

const channelsOf = ({ kernel }: Place): number => {
  const [shape] = kernel.node.inputShapes
  return shape?.kind === 'image' ? shape.channels : 0
}

const denseConvolutionRule = (layer: Conv2dLayer): LayerRule => ({
  forward: (place, [x = '']) => {
    const { graph, kernel, parameters } = place
    const { seen, stride, padding } = windowOf(layer, place)
    const weight = present(parameters, `${layer.name}.weight`)
    const winograd = Winograd.of(graph, layer, kernel.node, weight)
    const direct = (): Value =>
      graph.conv2d(seen(x), filterOf(graph, layer, weight, channelsOf(place)).value, stride, padding)
    const product = winograd?.forward(x) ?? direct()
    if (layer.bias === 'none') return activated(place, product)
    return activated(place, graph.biasAdd(product, present(parameters, `${layer.name}.bias`)))
  },
  backward: (place, incoming) => {
    const { graph, kernel, parameters } = place
    const { seen, back, stride, padding } = windowOf(layer, place)
    const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`]
    const dz = deactivated(place, incoming)
    const x = incoming.input()
    const window = seen(x)
    const winograd = Winograd.of(graph, layer, kernel.node, present(parameters, weight))
    const filter = filterOf(graph, layer, present(parameters, weight), channelsOf(place))
    const dx = (): Value => back(x, graph.conv2dInputGradient(graph.shapeOf(window), filter.value, dz, stride, padding))
    const dFilter = (): Value => filter.gradient(graph.conv2dFilterGradient(window, filter.shape, dz, stride, padding))
    return {
      inputs: [winograd?.inputGradient(dz) ?? blockwiseInputGradient(layer, place, dz) ?? dx()],
      parameters: {
        [weight]: winograd?.filterGradient(x, dz) ?? dFilter(),
        ...(layer.bias === 'none' ? {} : { [bias]: graph.biasGradient(dz) }),
      },
    }
  },
})
