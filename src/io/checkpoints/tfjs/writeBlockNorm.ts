import { blocksOf } from '../../../models/architecture/normalisedBlocks.js'
import type { GroupNormLayer, LayerNormLayer } from '../../../models/layers/layer.js'
import { EPSILON } from '../../../models/layers/normalisations.js'
import { INTEGER, type Value } from './graphModel.js'
import type { Place } from './place.js'

/** Adds a normalisation over blocks of channels, without a ReLU after it. @returns its output */
export const writeBlockNorm = (
  layer: LayerNormLayer | GroupNormLayer,
  { graph, kernel: { node }, inputs: [x = ''], parameter }: Place,
): Value => {
  const { id, shape: own } = node
  const { shape, axes } = blocksOf(layer, node.inputShapes[0])
  const sizes = own.kind === 'image' ? [own.height, own.width, own.channels] : [own.features]
  const over = graph.integers(`${id}/axes`, [axes.length], axes)
  const inShape = (what: string, value: Value, to: readonly number[]): Value => {
    const target = graph.integers(`${id}/${what}Shape`, [to.length], to)
    return graph.node('Reshape', `${id}/${what}`, [value, target], { Tshape: INTEGER })
  }
  const mean = (what: string, value: Value): Value =>
    graph.node('Mean', `${id}/${what}`, [value, over], { Tidx: INTEGER, keep_dims: { b: true } })
  const blocks = inShape('blocks', x, shape)
  const centred = graph.node('Sub', `${id}/centred`, [blocks, mean('mean', blocks)])
  const variance = mean('variance', graph.node('Mul', `${id}/squares`, [centred, centred]))
  const epsilon = graph.constant(`${id}/epsilon`, [], Float32Array.of(layer.epsilon ?? EPSILON))
  const deviation = graph.node('Sqrt', `${id}/deviation`, [graph.node('AddV2', `${id}/moved`, [variance, epsilon])])
  const normalised = graph.node('RealDiv', `${id}/normalised`, [centred, deviation])
  const scaled = graph.node('Mul', `${id}/scaled`, [inShape('back', normalised, [-1, ...sizes]), parameter('weight')])
  return graph.node('AddV2', id, [scaled, parameter('bias')])
}
