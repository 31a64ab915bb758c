import type { Architecture, GraphNode } from '../architecture/architecture.js'
import { memoized } from '../architecture/lookups.js'

/** A tensor's place in a flat vector. */
export interface Placed {
  /** Number of its elements. */
  readonly size: number
  /** First element in the flat vector. */
  readonly offset: number
}

/**
 * Places tensors of a network in a flat vector, one after another in the order of its nodes.
 *
 * @param tensorsOf the tensors of one node
 */
export const placedByNode = <T extends Pick<Placed, 'size'>>(
  tensorsOf: (node: GraphNode) => readonly T[],
): ((architecture: Architecture) => readonly (T & Placed)[]) =>
  memoized(({ nodes }: Architecture) => {
    let offset = 0
    return nodes.flatMap(tensorsOf).map((tensor) => {
      const placed = { ...tensor, offset }
      offset += tensor.size
      return placed
    })
  })

/** Length of the flat vector that holds these tensors. */
export const lengthOf = (tensors: readonly Pick<Placed, 'size'>[]): number =>
  tensors.reduce((sum, { size }) => sum + size, 0)
