import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Latent } from '../../dsl/step.js'
import {
  type CompiledGraph,
  canCompile,
  compiledOnce,
  compileGraph,
  evenParts,
} from '../../engine/graph/compiledGraph.js'
import { tf } from '../../engine/tf.js'
import type { Architecture } from '../architecture/architecture.js'
import { executionOf } from '../architecture/execution.js'
import type { GivenTensors } from '../forward/forward.js'
import { givenLayers, latentEntries, latentNodes, mapLatent } from '../head/head.js'
import type { BatchMoments } from '../parameters/statistics.js'
import { backwardGraph, type Seeds } from './backwardGraph.js'
import { momentNames } from './batchNormRule.js'
import { forwardGraph } from './forwardGraph.js'
import { names } from './graphNames.js'
import { hiddenOf, normalisationsOf, partsFor } from './kernelPlaces.js'

/** The results of a forward pass; the caller disposes of the tensors. */
export interface Passed {
  /** n × classes. */
  readonly logits: Tensor2D
  /** The hidden activation after each ReLU or other element-wise function, in order, as parts of the minibatch to concatenate. */
  readonly hidden: readonly (readonly Tensor[])[]
  /** The values of a stochastic head, as parts of the minibatch. */
  readonly latent: Latent<readonly Tensor[]>
  /** The moments at each batch normalisation, in order. */
  readonly moments: readonly BatchMoments[]
  /** What the backward pass needs, by its name in the graphs: hidden activations, moments and given values among it. */
  readonly kept: Readonly<Record<string, Tensor>>
}

/** A network as graphs, each of which the native engine runs in one call. */
export interface CompiledNetwork {
  /** The logits, n × classes. */
  readonly logits: (weights: Tensor1D, images: Tensor4D) => Tensor2D
  /** The forward pass, with all that a backward pass needs. */
  readonly pass: (weights: Tensor1D, images: Tensor4D, given?: GivenTensors) => Passed
  /** ∂L/∂weights, flat, of the loss L whose gradients with respect to the outputs are `seeds`. */
  readonly weightGradient: (weights: Tensor1D, images: Tensor4D, passed: Passed, seeds: SeedGradients) => Tensor1D
  /** ∂L/∂images, n × height × width × channels. */
  readonly imageGradient: (weights: Tensor1D, images: Tensor4D, passed: Passed, seeds: SeedGradients) => Tensor4D
}

/** Gradients of a loss with respect to a network's outputs, of the shapes of `Passed`. */
export interface SeedGradients {
  readonly logits: Tensor2D
  /** Of every hidden activation. @default 0 for all */
  readonly hidden?: readonly (readonly Tensor[])[]
  /** Of a head's values; a missing one is 0. */
  readonly latent?: Latent<readonly Tensor[]>
}

/** The graphs for one number of parts. Both backward graphs need the same results of the forward graph. */
interface Graphs {
  readonly parts: number
  readonly forward: CompiledGraph
  /** Names of the values that a backward graph needs. */
  readonly kept: readonly string[]
  readonly backward: Readonly<Record<Seeds, () => CompiledGraph>>
}

const cache = new WeakMap<Architecture, CompiledNetwork>()

/** The network as in training, compiled for the engine in use; undefined if that engine can't compile graphs. */
export const compiledNetwork = (architecture: Architecture): CompiledNetwork | undefined => {
  if (!canCompile()) return undefined
  const known = cache.get(architecture)
  if (known) return known
  const compiled = compile(architecture)
  cache.set(architecture, compiled)
  return compiled
}

const graphsOf = (architecture: Architecture, parts: number): Graphs => {
  const { graph, kept } = backwardGraph(architecture, parts, 'logits')
  return {
    parts,
    forward: compileGraph(forwardGraph(architecture, parts, kept)),
    kept: [...kept],
    backward: {
      logits: compiledOnce(() => graph),
      'logits and hidden': compiledOnce(() => backwardGraph(architecture, parts, 'logits and hidden').graph),
    },
  }
}

/** Indices of the kernels that compute a head's values. */
const latentOf = (architecture: Architecture): Latent<number> =>
  mapLatent(latentNodes(architecture), (id) => executionOf(architecture).findIndex(({ result }) => result === id))

const partsOf = <T>(parts: number, make: (part: number) => T): readonly T[] =>
  Array.from({ length: parts }, (_, part) => make(part))

const compile = (architecture: Architecture): CompiledNetwork => {
  const loaded = new Map<number, Graphs>()
  const hidden = hiddenOf(architecture).map(({ kernel }) => kernel)
  const latent = latentEntries(latentOf(architecture))
  const normalisations = normalisationsOf(architecture)
  const choose = (images: Tensor4D): Graphs => {
    const parts = partsFor(architecture, images.shape[0])
    const graphs = loaded.get(parts) ?? graphsOf(architecture, parts)
    loaded.set(parts, graphs)
    return graphs
  }

  const feedsOf = ({ parts }: Graphs, weights: Tensor1D, images: Tensor4D): Record<string, Tensor> => ({
    [names.weights]: weights,
    [names.images]: images,
    ...(parts === 1 ? {} : { [names.sizes]: evenParts(images.shape[0], parts) }),
  })

  const givenTo = (images: Tensor4D, tensors: GivenTensors = {}): Record<string, Tensor> =>
    Object.fromEntries(
      givenLayers(architecture).map(({ value, out }) => [
        names.given(value),
        tensors[value] ?? tf.zeros([images.shape[0], out]),
      ]),
    )

  const back = (weights: Tensor1D, images: Tensor4D, { kept }: Passed, seeds: SeedGradients, fetch: string): Tensor =>
    tf.tidy(() => {
      const graphs = choose(images)
      const feeds: Record<string, Tensor> = {
        ...feedsOf(graphs, weights, images),
        ...kept,
        [names.logitsGradient]: seeds.logits,
      }
      for (const [i, gradients] of (seeds.hidden ?? []).entries())
        for (const [part, gradient] of gradients.entries()) feeds[names.valueGradient(hidden[i] ?? 0, part)] = gradient
      for (const [value, kernel] of latent)
        for (let part = 0; part < graphs.parts; part++)
          feeds[names.valueGradient(kernel, part)] =
            seeds.latent?.[value]?.[part] ?? tf.zerosLike(kept[names.value(kernel, part)] as Tensor)
      const [gradient] = graphs.backward[seeds.hidden ? 'logits and hidden' : 'logits']().run(feeds, [fetch])
      return gradient as Tensor
    })

  return {
    logits: (weights, images) =>
      tf.tidy(() => {
        const graphs = choose(images)
        const feeds = { ...feedsOf(graphs, weights, images), ...givenTo(images) }
        const [logits] = graphs.forward.run(feeds, [names.logits])
        return logits as Tensor2D
      }),
    pass: (weights, images, tensors) => {
      const graphs = choose(images)
      const given = givenTo(images, tensors)
      const [logits, ...values] = tf.tidy(() => [
        ...graphs.forward.run({ ...feedsOf(graphs, weights, images), ...given }, [names.logits, ...graphs.kept]),
      ])
      const kept = { ...Object.fromEntries(graphs.kept.map((name, i) => [name, values[i] as Tensor])), ...given }
      const valueOf = (kernel: number): readonly Tensor[] =>
        partsOf(graphs.parts, (part) => kept[names.value(kernel, part)] as Tensor)
      return {
        logits: logits as Tensor2D,
        moments: normalisations.map(({ kernel, size }) => ({
          mean: kept[names.saved(kernel, momentNames.mean, 0)] as Tensor1D,
          variance: kept[names.saved(kernel, momentNames.variance, 0)] as Tensor1D,
          count: images.shape[0] * size,
        })),
        hidden: hidden.map(valueOf),
        latent: mapLatent(latentOf(architecture), valueOf),
        kept,
      }
    },
    weightGradient: (weights, images, passed, seeds) =>
      back(weights, images, passed, seeds, names.weightGradient) as Tensor1D,
    imageGradient: (weights, images, passed, seeds) =>
      back(weights, images, passed, seeds, names.imageGradient) as Tensor4D,
  }
}
