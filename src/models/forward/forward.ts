import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { dispatch } from '../../dsl/kit/dispatch.js'
import type { NetworkOutputs } from '../../dsl/step.js'
import { batchNorm } from '../../engine/ops/batchNorm.js'
import { blockNorm } from '../../engine/ops/blockNorm.js'
import { linear } from '../../engine/ops/linear.js'
import { relu } from '../../engine/ops/relu.js'
import { rounded } from '../../engine/ops/rounded.js'
import { unitNorm } from '../../engine/ops/unitNorm.js'
import { tf } from '../../engine/tf.js'
import { type Architecture, type GraphNode, INPUT } from '../architecture/architecture.js'
import { channelsIn } from '../architecture/channelShapes.js'
import { executionOf, type Kernel } from '../architecture/execution.js'
import { present } from '../architecture/lookups.js'
import { partsOf } from '../architecture/mixedChannels.js'
import { blocksOf } from '../architecture/normalisedBlocks.js'
import { attentionSizes, covarianceSizes } from '../architecture/tokenSizes.js'
import { latentNodes, mapLatent } from '../head/head.js'
import { multiplesOf } from '../layers/fakeQuantize.js'
import type { GivenValue, GroupNormLayer, Layer, LayerNormLayer } from '../layers/layer.js'
import { EPSILON, LEAST_LENGTH } from '../layers/normalisations.js'
import { parametersOf } from '../parameters/parameters.js'
import { type BatchMoments, batchNormDefaults } from '../parameters/statistics.js'
import { channelsPooled, joined, multiplied, selected, shares } from './channels.js'
import { convolved, upsampled } from './convolution.js'
import { applied, sloped } from './nonlinearity.js'
import { cropped, flattened, unflattened } from './reshaping.js'
import { resized } from './resized.js'
import { standardized } from './standardized.js'
import { afterToken, attended, covaried, located, tokenOf } from './tokens.js'
import { averaged, enlarged, largest } from './windows.js'

/** A network's parameters by name, in the engine's layout. */
export type ParameterTensors = ReadonlyMap<string, Tensor>

/** Splits the flat vector into the network's parameters: one operation, whose gradient is one concatenation. */
export const unflatten = (architecture: Architecture, weights: Tensor1D): ParameterTensors => {
  const parameters = parametersOf(architecture)
  const pieces = tf.split(
    weights,
    parameters.map(({ size }) => size),
  )
  return new Map(
    parameters.map(({ name, shape }, i): [string, Tensor] => [name, tf.reshape(pieces[i] as Tensor, [...shape])]),
  )
}

/** What a loss provides to a pass besides the images: n × width each; a missing one is 0. */
export type GivenTensors = Readonly<Partial<Record<GivenValue, Tensor2D>>>

/** The result of a forward pass: the network's outputs, and the moments at its batch normalisations. */
export interface ForwardPass extends NetworkOutputs {
  /** The minibatch's moments at each batch normalisation, in the order of the layers; see `updatedStatistics`. */
  readonly moments: readonly BatchMoments[]
}

/**
 * Runs a network as in training: batch normalisation uses the moments of this minibatch. For a network in use, with
 * running statistics, see `foldParameters`. Without batch normalisation the two are the same.
 *
 * @param images n × height × width × channels, in [0, 1]; a network's own normalisation is part of the network
 * @param given noise and labels for the layers that take them
 * @returns logits n × classes, the hidden activations after each element-wise function in order, the moments, and a head's values
 */
export const forward = (
  architecture: Architecture,
  parameters: ParameterTensors,
  images: Tensor4D,
  given: GivenTensors = {},
): ForwardPass => {
  const moments: BatchMoments[] = []
  const values = runAll(architecture, { parameters, moments, given }, images)
  const kernels = executionOf(architecture)
  const last = present(values, kernels.at(-1)?.result ?? INPUT)
  const hidden = kernels.flatMap((kernel) => (kernel.hidden ? [present(values, kernel.result)] : []))
  const latent = mapLatent(latentNodes(architecture), (id) => present(values, id) as Tensor2D)
  return { logits: last as Tensor2D, hidden, latent, moments }
}

/**
 * The result of each kernel of `executionOf`, by its id, and the images as `input`. For a network in use,
 * without batch normalisation.
 */
export const activationsOf = (
  architecture: Architecture,
  parameters: ParameterTensors,
  images: Tensor4D,
): ReadonlyMap<string, Tensor> => runAll(architecture, { parameters, moments: [], given: {} }, images)

/**
 * Each kernel of `executionOf` as a function to run by itself, on the results of the kernels before it: for measuring
 * its time. For a network in use, without batch normalisation.
 */
export const kernelsOn = (architecture: Architecture, parameters: ParameterTensors, images: Tensor4D) => {
  const shared = { parameters, moments: [], given: {} }
  const pass: Pass = { ...shared, examples: images.shape[0] }
  const values = runAll(architecture, shared, images)
  return executionOf(architecture).map((kernel) => ({
    kernel,
    work: (): Tensor => {
      const inputs = kernel.node.inputs.map((id) => present(values, id))
      return runLayer(kernel.node.layer, kernel, inputs, pass)
    },
  }))
}

/** A node of a network as a function of its inputs, each with the same number of rows. */
export interface NodeFunction {
  readonly node: GraphNode
  readonly apply: (inputs: readonly Tensor[]) => Tensor
}

/** Each node as a function by itself, without fusing any. For a network in use, without batch normalisation. */
export const nodesOn = (architecture: Architecture, parameters: ParameterTensors): readonly NodeFunction[] =>
  architecture.nodes.map((node) => {
    const kernel: Kernel = { node, activation: 'linear', result: node.id, hidden: false }
    return {
      node,
      apply: (inputs) => {
        const pass = { parameters, moments: [], given: {}, examples: inputs[0]?.shape[0] ?? 0 }
        return runLayer(node.layer, kernel, inputs, pass)
      },
    }
  })

const runAll = (
  architecture: Architecture,
  shared: Omit<Pass, 'examples'>,
  images: Tensor4D,
): ReadonlyMap<string, Tensor> => {
  const pass = { ...shared, examples: images.shape[0] }
  const values = new Map<string, Tensor>([[INPUT, images]])
  for (const kernel of executionOf(architecture)) {
    const inputs = kernel.node.inputs.map((id) => present(values, id))
    values.set(kernel.result, runLayer(kernel.node.layer, kernel, inputs, pass))
  }
  return values
}

/** What the layers of one pass share. */
interface Pass {
  readonly parameters: ParameterTensors
  /** Each batch normalisation adds its moments here. */
  readonly moments: BatchMoments[]
  readonly given: GivenTensors
  readonly examples: number
}

const normalised = (
  layer: LayerNormLayer | GroupNormLayer,
  { node, activation }: Kernel,
  x: Tensor,
  parameters: ParameterTensors,
): Tensor => {
  const part = (name: string): Tensor1D => present(parameters, `${layer.name}.${name}`) as Tensor1D
  const blocks = blocksOf(layer, node.inputShapes[0])
  const y = blockNorm(x, part('weight'), part('bias'), blocks, layer.epsilon ?? EPSILON)
  return activation === 'relu' ? relu(y) : y
}

/** Runs a layer, with the ReLU that its kernel fuses, on its inputs. */
const runLayer = dispatch<Layer, [kernel: Kernel, inputs: readonly Tensor[], pass: Pass], Tensor>({
  normalize: ({ mean, std }, _kernel, [x]) =>
    tf.div(tf.sub(x as Tensor4D, tf.tensor1d([...mean])), tf.tensor1d([...std])),
  conv2d: (layer, { activation }, [x], { parameters }) => {
    const filter = present(parameters, `${layer.name}.weight`) as Tensor4D
    const bias = layer.bias === 'learned' ? (present(parameters, `${layer.name}.bias`) as Tensor1D) : undefined
    return convolved(layer, x as Tensor4D, filter, bias, activation)
  },
  convTranspose2d: (layer, { node, activation }, [x], { parameters }) => {
    const weight = present(parameters, `${layer.name}.weight`) as Tensor4D
    const bias = layer.bias === 'learned' ? (present(parameters, `${layer.name}.bias`) as Tensor1D) : undefined
    return upsampled(layer, node.inputShapes[0], x as Tensor4D, weight, bias, activation)
  },
  batchNorm2d: (layer, { activation }, [x], { parameters, moments }) => {
    const scale = present(parameters, `${layer.name}.weight`) as Tensor1D
    const shift = present(parameters, `${layer.name}.bias`) as Tensor1D
    // Each feature of a vector is a channel of one pixel.
    const image = x?.rank === 2 ? tf.reshape(x, [-1, 1, 1, scale.size]) : x
    const { y, mean, variance } = batchNorm(image as Tensor4D, scale, shift, batchNormDefaults.epsilon, activation)
    moments.push({ mean, variance, count: y.size / mean.size })
    return tf.reshape(y, (x ?? y).shape)
  },
  layerNorm: (layer, kernel, [x], { parameters }) => normalised(layer, kernel, x as Tensor, parameters),
  groupNorm: (layer, kernel, [x], { parameters }) => normalised(layer, kernel, x as Tensor, parameters),
  affine2d: (layer, { activation }, [x], { parameters }) => {
    const scaled = tf.mul(x as Tensor4D, present(parameters, `${layer.name}.weight`))
    const shifted = tf.add(scaled, present(parameters, `${layer.name}.bias`))
    return activation === 'relu' ? relu(shifted) : shifted
  },
  layerScale: ({ name }, { activation }, [x], { parameters }) => {
    const y = tf.mul(x as Tensor, present(parameters, name))
    return activation === 'relu' ? relu(y) : y
  },
  linear: (layer, { activation }, [x], { parameters }) =>
    linear(
      x as Tensor2D,
      present(parameters, `${layer.name}.weight`) as Tensor2D,
      present(parameters, `${layer.name}.bias`) as Tensor1D,
      activation,
    ),
  relu: (_layer, _kernel, [x]) => relu(x as Tensor),
  activation: ({ function: given }, _kernel, [x]) => applied(given, x as Tensor),
  prelu: ({ name }, { activation }, [x], { parameters }) => {
    const y = sloped(x as Tensor, present(parameters, `${name}.weight`))
    return activation === 'relu' ? relu(y) : y
  },
  maxPool2d: (layer, { node }, [x]) => largest(layer, node, x as Tensor4D),
  avgPool2d: (layer, { node }, [x]) => averaged(layer, node, x as Tensor4D),
  pad2d: (layer, { node }, [x]) => enlarged(layer, node, x as Tensor4D),
  crop2d: (layer, _kernel, [x]) => cropped(x as Tensor4D, layer),
  resize2d: (layer, _kernel, [x]) => resized(x as Tensor4D, layer),
  flatten: ({ order }, { node }, [x]) => flattened(x as Tensor, node.shape, order),
  unflatten: (layer, _kernel, [x]) => unflattened(x as Tensor, layer),
  add: (_layer, _kernel, inputs) => inputs.reduce((sum, term) => tf.add(sum, term)),
  concat: (_layer, _kernel, inputs) => joined(inputs),
  selectChannels: ({ channels }, _kernel, [x]) => selected(x as Tensor, channels),
  multiply: (_layer, _kernel, [left, right]) => multiplied(left as Tensor, right as Tensor),
  scale: ({ factor }, _kernel, [x]) => tf.mul(x as Tensor, factor),
  fakeQuantize: (layer, _kernel, [x]) => rounded(x as Tensor, multiplesOf(layer)),
  attention: (layer, { node }, inputs) => attended(inputs, attentionSizes(layer, node.inputShapes), node.shape),
  classToken: ({ name }, { node, activation }, [x], { parameters }) => {
    const y = afterToken(x as Tensor4D, present(parameters, name), node.inputShapes[0])
    return activation === 'relu' ? relu(y) : y
  },
  positionEmbedding: ({ name }, { activation }, [x], { parameters }) => {
    const y = tf.add(x as Tensor4D, present(parameters, name))
    return activation === 'relu' ? relu(y) : y
  },
  takeToken: ({ token }, { node }, [x]) => tokenOf(x as Tensor, token, node.inputShapes[0]),
  unitNorm: ({ over }, _kernel, [x]) =>
    unitNorm(x as Tensor, over === 'pixels' ? [1, 2] : [(x?.rank ?? 1) - 1], LEAST_LENGTH),
  crossCovariance: (layer, { node, activation }, inputs, { parameters }) => {
    const y = covaried(inputs, present(parameters, layer.name), covarianceSizes(layer, node.inputShapes))
    return activation === 'relu' ? relu(y) : y
  },
  fourierPositions: (layer, { node, activation }, [x], { parameters }) => {
    const part = (name: string): Tensor => present(parameters, `${layer.name}.${name}`)
    const y = located(x as Tensor4D, part('weight'), part('bias'), layer.features, node.shape)
    return activation === 'relu' ? relu(y) : y
  },
  softmax: (layer, { node }, [x]) => shares(x as Tensor, partsOf(layer, channelsIn(node.shape))),
  poolChannels: (layer, { node }, [x]) => channelsPooled(x as Tensor, layer, node.shape),
  standardize: (_layer, _kernel, [x]) => standardized(x as Tensor4D),
  given: ({ value, out }, _kernel, _inputs, { given, examples }) => given[value] ?? tf.zeros([examples, out]),
  sample: (_layer, _kernel, [mean, second, third]) =>
    tf.add(mean as Tensor, third ? tf.mul(tf.exp(tf.mul(second as Tensor, 0.5)), third) : (second as Tensor)),
})
