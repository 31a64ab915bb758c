import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../../engine/tf.js'
import { type Architecture, architecture, type GraphNode } from '../architecture/architecture.js'
import { memoized, present } from '../architecture/lookups.js'
import { meanPathOf } from '../head/head.js'
import type { Layer, LinearLayer } from '../layers/layer.js'
import { affine2d, isConvolution } from '../layers/layers.js'
import type { Conv2dLayer, ConvTranspose2dLayer } from '../layers/windowLayers.js'
import { batchNormDefaults, statisticsOf } from '../parameters/statistics.js'
import type { ParameterTensors } from './forward.js'

/** A batch normalisation, and the layer with weights that it is folded into, if it is that layer's only reader. */
interface Fold {
  readonly batchNorm: string
  readonly weighted: string | undefined
}

/** How a trained network becomes a network in use. */
export interface Folding {
  /** The network in use. Node ids stay; a layer with weights takes the id of the batch normalisation folded into it. */
  readonly architecture: Architecture
  readonly folds: readonly Fold[]
}

/**
 * The network in use of a trained one. Batch normalisation by running statistics is linear. Each
 * batch normalisation is folded into the convolution or the linear layer before it, or, if that has other readers, becomes
 * an `affine2d`. A stochastic head is replaced by its mean. A network with neither is returned unchanged.
 */
export const foldingOf = memoized((trained: Architecture): Folding => {
  const given = meanPathOf(trained)
  const folds: Fold[] = []
  const absorbed = new Map<GraphNode, Weighted>()
  for (const node of given.nodes) {
    if (node.layer.type !== 'batchNorm2d') continue
    const weighted = weightedBefore(given, node)
    if (weighted) absorbed.set(node, weighted)
    folds.push({ batchNorm: node.layer.name, weighted: weighted?.name })
  }
  const gone = new Set([...absorbed.values()].map(({ name }) => name))
  const layers = given.nodes.flatMap((node): Layer[] => {
    const { id, layer, inputs } = node
    if ((isConvolution(layer) || layer.type === 'linear') && gone.has(layer.name)) return []
    if (layer.type !== 'batchNorm2d') return [{ ...layer, id, inputs }]
    const weighted = absorbed.get(node)
    if (!weighted) return [affine2d(layer.name, { id, inputs })]
    return [isConvolution(weighted) ? { ...weighted, bias: 'learned', id } : { ...weighted, id }]
  })
  return { architecture: folds.length === 0 ? given : architecture(given.name, given.input, layers), folds }
})

/** A layer with weights, with the ids of its inputs. */
type Weighted = (Conv2dLayer | ConvTranspose2dLayer | LinearLayer) & Pick<GraphNode, 'inputs'>

/** The layer with weights that this batch normalisation alone reads. */
const weightedBefore = ({ nodes }: Architecture, { inputs: [source] }: GraphNode): Weighted | undefined => {
  const node = nodes.find(({ id }) => id === source)
  const readers = nodes.filter(({ inputs }) => inputs.some((id) => id === source))
  if (!node || readers.length !== 1) return undefined
  const { layer, inputs } = node
  return isConvolution(layer) || layer.type === 'linear' ? { ...layer, inputs } : undefined
}

/**
 * The parameters of the network in use, `foldingOf(given).architecture`. With the running variance σ² and mean
 * μ, s = γ/√(σ² + ε) and t = β − μ·s. The weights W of a layer become W·s and its bias bias·s + t; an `affine2d`
 * has weight s and bias t. All other tensors are returned unchanged.
 *
 * @param statistics the flat vector of running statistics; see `statisticsOf`
 */
export const foldParameters = (
  given: Architecture,
  parameters: ParameterTensors,
  statistics: Tensor1D,
): ParameterTensors => {
  const { folds } = foldingOf(given)
  if (folds.length === 0) return parameters
  const named = statisticsOf(given)
  const pieces = tf.split(
    statistics,
    named.map(({ size }) => size),
  )
  const values = new Map(parameters)
  for (const [i, { name }] of named.entries()) values.set(name, pieces[i] as Tensor)
  const take = (name: string): Tensor => {
    const value = present(values, name)
    values.delete(name)
    return value
  }
  for (const { batchNorm, weighted } of folds) {
    const deviation = tf.sqrt(tf.add(take(`${batchNorm}.running_var`), batchNormDefaults.epsilon))
    const scale = tf.div(take(`${batchNorm}.weight`), deviation)
    const shift = tf.sub(take(`${batchNorm}.bias`), tf.mul(take(`${batchNorm}.running_mean`), scale))
    if (weighted === undefined) {
      values.set(`${batchNorm}.weight`, scale).set(`${batchNorm}.bias`, shift)
      continue
    }
    const bias = values.get(`${weighted}.bias`)
    values.set(`${weighted}.weight`, tf.mul(take(`${weighted}.weight`), scale))
    values.set(`${weighted}.bias`, bias ? tf.add(shift, tf.mul(bias, scale)) : shift)
  }
  return values
}
