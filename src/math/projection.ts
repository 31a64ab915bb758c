import { neighboursAt } from './orderStatistics.js'

/**
 * Euclidean projection on sparse weights, on plain numbers. A weight is seen as a matrix of `rows` = in·k·k by
 * `columns` = out, row-major: the engine's layout of convolutions and linear layers alike.
 */

/** What is kept or dropped together: single weights, filters (one output's weights), or columns of the out × in·k·k
 * matrix (one input position's weights for every output). */
export type Pattern = 'irregular' | 'filter' | 'column'

export interface WeightMatrix {
  readonly values: Float32Array
  /** in·k·k */
  readonly rows: number
  /** out */
  readonly columns: number
}

interface Grouping {
  readonly groups: (matrix: WeightMatrix) => number
  readonly groupOf: (matrix: WeightMatrix, index: number) => number
  /** Whether a score survives a threshold: the reference keeps ties for single weights and columns, not for filters. */
  readonly survives: (score: number, threshold: number) => boolean
}

const groupings: Readonly<Record<Pattern, Grouping>> = {
  irregular: {
    groups: ({ values }) => values.length,
    groupOf: (_matrix, index) => index,
    survives: (score, threshold) => score >= threshold,
  },
  filter: {
    groups: ({ columns }) => columns,
    groupOf: ({ columns }, index) => index % columns,
    survives: (score, threshold) => score > threshold,
  },
  column: {
    groups: ({ rows }) => rows,
    groupOf: ({ columns }, index) => Math.floor(index / columns),
    survives: (score, threshold) => score >= threshold,
  },
}

/** Names of the patterns. */
export const patterns = Object.keys(groupings) as readonly Pattern[]

/**
 * Mask of Π_S(W): 1 where a weight stays. Groups are scored by magnitude (|w| or L2 norm) and compared with the
 * (1 − 1/rate) percentile of the scores, linearly interpolated as in `numpy.percentile`.
 *
 * @param rate compression ≥ 1; 4 keeps a quarter of the groups
 * @returns one 0 or 1 per weight
 */
export const projectionMask = (matrix: WeightMatrix, pattern: Pattern, rate: number): Uint8Array => {
  if (rate === 1) return new Uint8Array(matrix.values.length).fill(1)
  const scores = scoresOf(matrix, pattern)
  return maskAbove(matrix, pattern, scores, percentile(scores, 1 - 1 / rate))
}

/** What a group's score is compared with in Π_S: the (1 − 1/rate) percentile of the scores; 0 for rate 1. */
export const projectionThreshold = (matrix: WeightMatrix, pattern: Pattern, rate: number): number =>
  rate === 1 ? 0 : percentile(scoresOf(matrix, pattern), 1 - 1 / rate)

/**
 * Hard thresholding as a mask: 1 where a group's score, |w| or L2 norm, survives the threshold t. Applied to W, it is the
 * proximal step of ½t²·‖W‖₀, up to ties.
 *
 * @param threshold t ≥ 0
 */
export const thresholdMask = (matrix: WeightMatrix, pattern: Pattern, threshold: number): Uint8Array =>
  maskAbove(matrix, pattern, scoresOf(matrix, pattern), threshold)

const maskAbove = (matrix: WeightMatrix, pattern: Pattern, scores: Float64Array, threshold: number): Uint8Array => {
  const { groupOf, survives } = groupings[pattern]
  const mask = new Uint8Array(matrix.values.length)
  for (let i = 0; i < mask.length; i++) {
    const score = scores[groupOf(matrix, i)] ?? 0
    // A group that is zero already is pruned already, whatever the threshold says.
    mask[i] = score > 0 && survives(score, threshold) ? 1 : 0
  }
  return mask
}

/** |w|, or the L2 norm of each group. */
const scoresOf = (matrix: WeightMatrix, pattern: Pattern): Float64Array => {
  const { groups, groupOf } = groupings[pattern]
  const squares = new Float64Array(groups(matrix))
  for (let i = 0; i < matrix.values.length; i++) {
    const group = groupOf(matrix, i)
    squares[group] = (squares[group] ?? 0) + (matrix.values[i] ?? 0) ** 2
  }
  for (let group = 0; group < squares.length; group++) squares[group] = Math.sqrt(squares[group] ?? 0)
  return squares
}

/** Value at the fraction q of the sorted scores, at position (n − 1)·q, interpolated linearly. */
const percentile = (scores: Float64Array, q: number): number => {
  const position = (scores.length - 1) * q
  const below = Math.floor(position)
  const [low, high] = neighboursAt(scores, below)
  return low + (high - low) * (position - below)
}
