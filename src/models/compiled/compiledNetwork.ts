import { availableParallelism } from 'node:os'
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core'
import { type CompiledGraph, canCompile, compileGraph } from '../../engine/graph/compiledGraph.js'
import { tf } from '../../engine/tf.js'
import type { Architecture } from '../architecture.js'
import { executionOf } from '../execution.js'
import { backwardGraph, forwardGraph, names, type Seeds } from './networkGraph.js'

/** What a way there leaves: the caller owns the tensors. */
export interface Passed {
  readonly logits: Tensor2D
  /** After each ReLU, in order. */
  readonly hidden: readonly Tensor[]
  /** Results of kernels that the way back takes, by their place in the order of execution. */
  readonly kept: ReadonlyMap<number, Tensor>
}

/** A network as graphs that the native engine runs in one call each. */
export interface CompiledNetwork {
  /** n × classes. */
  readonly logits: (weights: Tensor1D, images: Tensor4D) => Tensor2D
  readonly pass: (weights: Tensor1D, images: Tensor4D) => Passed
  /**
   * ∂/∂weights, flat, and ∂/∂images from the gradients of logits and hidden activations.
   *
   * @param seeds the gradient of the logits, and of every hidden activation or of none
   */
  readonly weightGradient: (weights: Tensor1D, images: Tensor4D, passed: Passed, seeds: SeedGradients) => Tensor1D
  readonly imageGradient: (weights: Tensor1D, images: Tensor4D, passed: Passed, seeds: SeedGradients) => Tensor4D
}

export interface SeedGradients {
  readonly logits: Tensor2D
  readonly hidden?: readonly Tensor[]
}

/** The graphs for one number of parts. Both ways back take the same results. */
interface Graphs {
  readonly forward: CompiledGraph
  readonly kept: readonly number[]
  readonly backward: Readonly<Record<Seeds, () => CompiledGraph>>
}

/** A minibatch is cut into as many parts as there are cores, which work side by side; small ones are left whole. */
const SMALLEST_PART = 4

const cores = availableParallelism()

const cache = new WeakMap<Architecture, CompiledNetwork>()

/** The network compiled for the engine in use; undefined where that engine knows no graphs. */
export const compiledNetwork = (architecture: Architecture): CompiledNetwork | undefined => {
  if (!canCompile()) return undefined
  const known = cache.get(architecture) ?? compile(architecture)
  cache.set(architecture, known)
  return known
}

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

const graphsOf = (architecture: Architecture, parts: number): Graphs => {
  // Hidden activations are among what is kept: the slope of a ReLU is read off its result.
  const { graph, kept } = backwardGraph(architecture, parts, 'logits')
  return {
    forward: compileGraph(forwardGraph(architecture, parts, kept)),
    kept,
    backward: {
      logits: once(() => compileGraph(graph)),
      'logits and hidden': once(() => compileGraph(backwardGraph(architecture, parts, 'logits and hidden').graph)),
    },
  }
}

const hiddenOf = (architecture: Architecture): readonly number[] =>
  [...executionOf(architecture).entries()].flatMap(([index, { hidden }]) => (hidden ? [index] : []))

const compile = (architecture: Architecture): CompiledNetwork => {
  const whole = once(() => graphsOf(architecture, 1))
  const cut = once(() => graphsOf(architecture, cores))
  const hidden = hiddenOf(architecture)
  const last = executionOf(architecture).length - 1
  const choose = (n: number) => (n < SMALLEST_PART * cores || cores === 1 ? whole() : cut())

  const feedsOf = (weights: Tensor1D, images: Tensor4D): Record<string, Tensor> => {
    const feeds = { [names.weights]: weights, [names.images]: images }
    return choose(images.shape[0]) === whole() ? feeds : { ...feeds, [names.sizes]: sizesOf(images.shape[0]) }
  }

  const back = (
    weights: Tensor1D,
    images: Tensor4D,
    { kept }: Passed,
    { logits, hidden: ofHidden }: SeedGradients,
    fetch: string,
  ): Tensor =>
    tf.tidy(() => {
      const graph = choose(images.shape[0]).backward[ofHidden ? 'logits and hidden' : 'logits']()
      const feeds = feedsOf(weights, images)
      for (const [index, value] of kept) feeds[names.value(index)] = value
      feeds[names.valueGradient(last)] = logits
      for (const [i, gradient] of (ofHidden ?? []).entries()) feeds[names.valueGradient(hidden[i] ?? 0)] = gradient
      const [gradient] = graph.run(feeds, [fetch])
      return gradient as Tensor
    })

  return {
    logits: (weights, images) =>
      tf.tidy(() => {
        const [logits] = choose(images.shape[0]).forward.run(feedsOf(weights, images), [names.logits])
        return logits as Tensor2D
      }),
    pass: (weights, images) => {
      const { forward, kept } = choose(images.shape[0])
      const [logits, ...values] = tf.tidy(() => [
        ...forward.run(feedsOf(weights, images), [names.logits, ...kept.map(names.value)]),
      ])
      const results = new Map(kept.map((index, i) => [index, values[i] as Tensor]))
      return { logits: logits as Tensor2D, hidden: hidden.map((index) => results.get(index) as Tensor), kept: results }
    },
    weightGradient: (weights, images, passed, seeds) =>
      back(weights, images, passed, seeds, names.weightGradient) as Tensor1D,
    imageGradient: (weights, images, passed, seeds) =>
      back(weights, images, passed, seeds, names.imageGradient) as Tensor4D,
  }
}

/** As equal as they can be, the larger parts first. */
const sizesOf = (n: number): Tensor1D =>
  tf.tensor1d(
    Int32Array.from({ length: cores }, (_, part) => Math.floor(n / cores) + (part < n % cores ? 1 : 0)),
    'int32',
  )
