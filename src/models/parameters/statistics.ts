import type { Tensor1D } from '@tensorflow/tfjs-core'
import type { Parallel } from '../../dsl/op.js'
import { tf } from '../../engine/tf.js'
import type { Architecture, GraphNode } from '../architecture/architecture.js'
import { lengthOf, type Placed, placedByNode } from './flatVector.js'
import { channelAxes, sizeOf, type TorchAxes } from './torchOrder.js'

/** PyTorch's defaults of `torch.nn.BatchNorm2d`: ε, in units of the variance, and the weight of each new minibatch. */
export const batchNormDefaults = { epsilon: 1e-5, momentum: 0.1 } as const

/**
 * One running statistic of a batch normalisation, a number for each channel, and its place in a flat vector of its own,
 * beside that of the weights.
 */
export interface Statistic extends Placed {
  /** As in the PyTorch state dict: `bn1.running_mean`. */
  readonly name: string
  /** Id of the node it belongs to. */
  readonly node: string
  readonly role: 'mean' | 'variance'
  /** The order of its numbers here, with their steps in PyTorch's; see `walk`. */
  readonly torchAxes: TorchAxes
}

/** Mean and biased variance of each channel that one batch normalisation has normalised one minibatch by. */
export interface BatchMoments {
  readonly mean: Tensor1D
  readonly variance: Tensor1D
  /** Number of values of each channel: n·height·width. */
  readonly count: number
}

const ownStatistics = ({ id, layer, shape }: GraphNode): readonly Omit<Statistic, 'offset'>[] => {
  if (layer.type !== 'batchNorm2d') return []
  const torchAxes = channelAxes(shape)
  const size = sizeOf(torchAxes)
  return [
    { name: `${layer.name}.running_mean`, node: id, role: 'mean', size, torchAxes },
    { name: `${layer.name}.running_var`, node: id, role: 'variance', size, torchAxes },
  ]
}

/**
 * The running statistics of a network in the order of its layers, mean before variance. They are not parameters:
 * gradients, weight decay, masks and counts leave them out.
 */
export const statisticsOf: (architecture: Architecture) => readonly Statistic[] = placedByNode(ownStatistics)

/** Length of the flat vector of statistics: 0 for a network without batch normalisation. */
export const statisticsCount = (architecture: Architecture): number => lengthOf(statisticsOf(architecture))

/** How cores share a network's work: by parts of a minibatch, unless batch normalisation has to see it as a whole. */
export const parallelOf = (architecture: Architecture): Parallel =>
  statisticsCount(architecture) === 0 ? 'parts' : 'operations'

/** The statistics of an untrained network: mean 0, variance 1. */
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
 * @param running the flat vector of statistics; see `statisticsOf`
 * @param moments one per batch normalisation, in the order of the layers
 * @returns the new flat vector
 */
export const updatedStatistics = (running: Tensor1D, moments: readonly BatchMoments[]): Tensor1D =>
  tf.tidy(() => {
    const { momentum } = batchNormDefaults
    const seen = tf.concat(
      moments.flatMap(({ mean, variance, count }) => [mean, tf.mul(variance, count / Math.max(1, count - 1))]),
    )
    return tf.add(tf.mul(running, 1 - momentum), tf.mul(seen, momentum)) as Tensor1D
  })
