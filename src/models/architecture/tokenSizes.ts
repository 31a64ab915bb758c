import type { AttentionLayer } from '../layers/layer.js'
import type { CrossCovarianceLayer } from '../layers/tokenLayers.js'
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

/** The sizes of attention between channels. */
export interface CovarianceSizes {
  readonly heads: number
  readonly tokens: number
  /** Channels of a head. */
  readonly depth: number
}

/**
 * The sizes of attention between channels, by the shape of its queries.
 *
 * @throws Error for a vector, which is a defect of this package
 */
export const covarianceSizes = ({ heads }: CrossCovarianceLayer, [query]: readonly NodeShape[]): CovarianceSizes => ({
  heads,
  tokens: tokensOf(query),
  depth: query?.kind === 'image' ? query.channels / heads : 0,
})

/** What sines and cosines of the source's positional encoding count from: 10000. */
const LONGEST = 10_000

/**
 * The features of each pixel's place that `fourierPositions` combines: a row for each pixel, row by row.
 *
 * @param features a multiple of 4
 * @throws Error for a vector, which is a defect of this package
 */
export const fourierFeatures = (features: number, shape: NodeShape | undefined): readonly (readonly number[])[] => {
  if (shape?.kind !== 'image') throw new Error('a layer of tokens has no image')
  const { height, width } = shape
  const half = features / 2
  const along = (place: number, extent: number): readonly number[] =>
    Array.from({ length: half }, (_, i) => {
      // The source adds 1e-6 to the extent.
      const angle = (2 * Math.PI * (place + 1)) / (extent + 1e-6) / LONGEST ** ((2 * Math.floor(i / 2)) / half)
      return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle)
    })
  return Array.from({ length: height * width }, (_, pixel) => [
    ...along(Math.floor(pixel / width), height),
    ...along(pixel % width, width),
  ])
}
