import { availableParallelism } from 'node:os'
import type { Architecture } from '../architecture/architecture.js'
import { executionOf } from '../architecture/execution.js'
import { numbersIn } from '../architecture/shapes.js'
import { statisticsCount } from '../parameters/statistics.js'

/** A kernel's index, and how many numbers its result has for each image. */
export interface KernelPlace {
  readonly kernel: number
  readonly features: number
}

/** The kernels that compute hidden activations. */
export const hiddenOf = (architecture: Architecture): readonly KernelPlace[] =>
  [...executionOf(architecture).entries()].flatMap(([kernel, { hidden, node }]) =>
    hidden ? [{ kernel, features: numbersIn(node.shape) }] : [],
  )

/** Index of each batch normalisation's kernel, and the number of values per channel and image. */
export const normalisationsOf = (
  architecture: Architecture,
): readonly { readonly kernel: number; readonly size: number }[] =>
  [...executionOf(architecture).entries()].flatMap(([kernel, { node }]) =>
    node.layer.type === 'batchNorm2d'
      ? [{ kernel, size: node.shape.kind === 'image' ? node.shape.height * node.shape.width : 1 }]
      : [],
  )

/** Images in the smallest part of a minibatch. The cores work on one part each; a small minibatch has fewer parts. */
const SMALLEST_PART = 4

const cores = availableParallelism()

/**
 * The number of parts of a minibatch of n images: that of the cores, halved until no part is too small; 1 with batch
 * normalisation, which needs the whole minibatch.
 */
export const partsFor = (architecture: Architecture, n: number): number => {
  let parts = statisticsCount(architecture) === 0 ? cores : 1
  while (parts > 1 && n < SMALLEST_PART * parts) parts = Math.floor(parts / 2)
  return parts
}
