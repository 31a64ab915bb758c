import type { Tensor1D } from '@tensorflow/tfjs-core'
import type { Parallel } from '../dsl/op.js'
import { tf } from '../engine/tf.js'
import type { Architecture } from './architecture.js'

/** PyTorch's defaults of `torch.nn.BatchNorm2d`: ε in units of the variance, and the share of each new minibatch. */
export const batchNormDefaults = { epsilon: 1e-5, momentum: 0.1 } as const

/** One running statistic of a batch normalisation and its place in the flat vector beside the weights. */
export interface Statistic {
  /** As in the PyTorch state dict: `bn1.running_mean`. */
  readonly name: string
  /** Id of the node it belongs to. */
  readonly node: string
  readonly role: 'mean' | 'variance'
  /** Number of channels. */
  readonly size: number
  /** First element in the flat vector. */
  readonly offset: number
}

/** Mean and biased variance of each channel of one minibatch at one batch normalisation: what it normalised by. */
export interface BatchMoments {
  readonly mean: Tensor1D
  readonly variance: Tensor1D
  /** Values of each channel that they are of: n·height·width. */
  readonly count: number
}

/**
 * The running statistics of a network in the order of its layers, mean before variance. They are no parameters: no
 * gradient, weight decay, mask or count touches them.
 */
export const statisticsOf = (architecture: Architecture): readonly Statistic[] => {
  const known = cache.get(architecture)
  if (known) return known
  let offset = 0
  const all = architecture.nodes.flatMap(({ id, layer, shape }): Statistic[] => {
    if (layer.type !== 'batchNorm2d' || shape.kind !== 'image') return []
    const size = shape.channels
    const start = offset
    offset += 2 * size
    return [
      { name: `${layer.name}.running_mean`, node: id, role: 'mean', size, offset: start },
      { name: `${layer.name}.running_var`, node: id, role: 'variance', size, offset: start + size },
    ]
  })
  cache.set(architecture, all)
  return all
}

const cache = new WeakMap<Architecture, readonly Statistic[]>()

/** Length of the flat vector of statistics: 0 for a network without batch normalisation. */
export const statisticsCount = (architecture: Architecture): number =>
  statisticsOf(architecture).reduce((sum, { size }) => sum + size, 0)

/** How cores share a network's work: batch normalisation in training looks at whole minibatches. */
export const parallelOf = (architecture: Architecture): Parallel =>
  statisticsCount(architecture) === 0 ? 'parts' : 'operations'

/** The statistics of a network that has seen nothing: mean 0, variance 1. */
export const freshStatistics = (architecture: Architecture): Float32Array => {
  const flat = new Float32Array(statisticsCount(architecture))
  for (const { role, offset, size } of statisticsOf(architecture))
    if (role === 'variance') flat.fill(1, offset, offset + size)
  return flat
}

/**
 * running ← (1 − momentum)·running + momentum·(mean or unbiased variance of the minibatch), as PyTorch does after each
 * training pass. The unbiased variance is Σ(x − mean)² / (count − 1); that of a single value is 0.
 *
 * @param running the flat vector; see `statisticsOf`
 * @param moments of each batch normalisation, in the order of the layers
 */
export const updatedStatistics = (running: Tensor1D, moments: readonly BatchMoments[]): Tensor1D =>
  tf.tidy(() => {
    const { momentum } = batchNormDefaults
    const seen = tf.concat(
      moments.flatMap(({ mean, variance, count }) => [mean, tf.mul(variance, count / Math.max(1, count - 1))]),
    )
    return tf.add(tf.mul(running, 1 - momentum), tf.mul(seen, momentum)) as Tensor1D
  })
