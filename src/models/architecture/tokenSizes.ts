import type { AttentionLayer } from '../layers/layer.js'
import type { NodeShape } from './shapes.js'

/** Number of pixels of an image. @throws Error for a vector, which is a defect of this package */
export const tokensOf = (shape: NodeShape | undefined): number => {
  if (shape?.kind !== 'image') throw new Error('a layer of tokens has no image')
  return shape.height * shape.width
}

/** The sizes of attention. */
export interface AttentionSizes {
  readonly heads: number
  readonly queries: number
  readonly keys: number
  /** Channels of a head: of queries and keys, and of values. */
  readonly depth: number
  readonly width: number
  readonly scale: number
}

/**
 * The sizes of attention, by the shapes of its queries, keys and values.
 *
 * @throws Error for a vector, which is a defect of this package
 */
export const attentionSizes = (layer: AttentionLayer, [query, key, value]: readonly NodeShape[]): AttentionSizes => {
  const [queries, keys] = [tokensOf(query), tokensOf(key)]
  const depth = query?.kind === 'image' ? query.channels / layer.heads : 0
  const width = value?.kind === 'image' ? value.channels / layer.heads : 0
  return { heads: layer.heads, queries, keys, depth, width, scale: layer.scale ?? 1 / Math.sqrt(depth) }
}
