import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core'
import { tf } from '../engine/tf.js'
import { type Architecture, architecture, type GraphNode } from './architecture.js'
import type { ParameterTensors } from './forward.js'
import { meanPathOf } from './head.js'
import { affine2d, type Conv2dLayer, type Layer } from './layers.js'
import { batchNormDefaults, statisticsOf } from './statistics.js'

/** A batch normalisation by its name, and the convolution that it is folded into, if there is one for it alone. */
interface Fold {
  readonly batchNorm: string
  readonly convolution: string | undefined
}

/**
 * A network in use: batch normalisation by running statistics is linear, and is part of the layer before it; a stochastic
 * head gives its mean.
 */
export interface Folding {
  /** The same network without either; node ids stay, the folded convolution takes the later one. */
  readonly architecture: Architecture
  readonly folds: readonly Fold[]
}

/**
 * The network to use in place of one with batch normalisation: each goes into the convolution before it where nothing
 * else reads that one, and is an `affine2d` elsewhere. A stochastic head gives way to its mean. A network without either
 * is its own.
 */
export const foldingOf = (trained: Architecture): Folding => {
  const known = cache.get(trained)
  if (known) return known
  const given = meanPathOf(trained)
  const folds: Fold[] = []
  const absorbed = new Map<GraphNode, Conv2dLayer & Pick<GraphNode, 'inputs'>>()
  for (const node of given.nodes) {
    if (node.layer.type !== 'batchNorm2d') continue
    const convolution = loneConvolution(given, node)
    if (convolution) absorbed.set(node, convolution)
    folds.push({ batchNorm: node.layer.name, convolution: convolution?.name })
  }
  const gone = new Set([...absorbed.values()].map(({ name }) => name))
  const layers = given.nodes.flatMap((node): Layer[] => {
    const { id, layer, inputs } = node
    if (layer.type === 'conv2d' && gone.has(layer.name)) return []
    if (layer.type !== 'batchNorm2d') return [{ ...layer, id, inputs }]
    const convolution = absorbed.get(node)
    return [convolution ? { ...convolution, bias: 'learned', id } : affine2d(layer.name, { id, inputs })]
  })
  const folding = { architecture: folds.length === 0 ? given : architecture(given.name, given.input, layers), folds }
  cache.set(trained, folding)
  return folding
}

const cache = new WeakMap<Architecture, Folding>()

/** The convolution that only this batch normalisation reads, with the ids of its own inputs. */
const loneConvolution = (
  { nodes }: Architecture,
  { inputs: [source] }: GraphNode,
): (Conv2dLayer & Pick<GraphNode, 'inputs'>) | undefined => {
  const node = nodes.find(({ id }) => id === source)
  const readers = nodes.filter(({ inputs }) => inputs.some((id) => id === source))
  return node?.layer.type === 'conv2d' && readers.length === 1 ? { ...node.layer, inputs: node.inputs } : undefined
}

/**
 * The parameters of the network in use, `foldingOf(architecture).architecture`: with s = γ/√(σ² + ε) of the running
 * variance σ² and t = β − μ·s of the running mean μ, a convolution's filter becomes filter·s and its bias bias·s + t;
 * elsewhere weight = s and bias = t. The tensors of layers that nothing is folded into are the given ones.
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
    const value = values.get(name)
    if (!value) throw new Error(`no tensor "${name}"`)
    values.delete(name)
    return value
  }
  for (const { batchNorm, convolution } of folds) {
    const deviation = tf.sqrt(tf.add(take(`${batchNorm}.running_var`), batchNormDefaults.epsilon))
    const scale = tf.div(take(`${batchNorm}.weight`), deviation)
    const shift = tf.sub(take(`${batchNorm}.bias`), tf.mul(take(`${batchNorm}.running_mean`), scale))
    if (convolution === undefined) {
      values.set(`${batchNorm}.weight`, scale).set(`${batchNorm}.bias`, shift)
      continue
    }
    const bias = values.get(`${convolution}.bias`)
    values.set(`${convolution}.weight`, tf.mul(take(`${convolution}.weight`), scale))
    values.set(`${convolution}.bias`, bias ? tf.add(shift, tf.mul(bias, scale)) : shift)
  }
  return values
}
