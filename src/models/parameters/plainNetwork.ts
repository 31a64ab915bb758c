import type { Architecture } from '../architecture/architecture.js'
import { parametersOf } from './parameters.js'
import { statisticsOf } from './statistics.js'

/** A network with its parameters and statistics in plain arrays. */
export interface PlainNetwork {
  readonly architecture: Architecture
  /** Flat, in the engine's layout; see `parametersOf`. */
  readonly weights: Float32Array
  /** Flat; see `statisticsOf`. */
  readonly statistics: Float32Array
  /** Flat: 1 for a kept parameter, 0 for a pruned one. */
  readonly mask: Float32Array | undefined
}

/** Parameters and statistics by name: views of the flat vectors, not copies. */
export type Pieces = ReadonlyMap<string, Float32Array>

/** Splits a network's flat vectors into its parameters and statistics. */
export const piecesOf = ({ architecture, weights, statistics }: PlainNetwork): Pieces =>
  new Map([
    ...parametersOf(architecture).map(({ name, offset, size }): [string, Float32Array] => [
      name,
      weights.subarray(offset, offset + size),
    ]),
    ...statisticsOf(architecture).map(({ name, offset, size }): [string, Float32Array] => [
      name,
      statistics.subarray(offset, offset + size),
    ]),
  ])
