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
  const { values } = matrix
  if (rate === 1) return new Uint8Array(values.length).fill(1)
  const { groups, groupOf, survives } = groupings[pattern]
  const squares = new Float64Array(groups(matrix))
  for (let i = 0; i < values.length; i++) {
    const group = groupOf(matrix, i)
    squares[group] = (squares[group] ?? 0) + (values[i] ?? 0) ** 2
  }
  const scores = squares.map(Math.sqrt)
  const threshold = percentile(scores, 1 - 1 / rate)
  // A group that is zero already is pruned already, whatever the percentile says.
  const kept = scores.map((score) => (score > 0 && survives(score, threshold) ? 1 : 0))
  return Uint8Array.from(values, (_, i) => kept[groupOf(matrix, i)] ?? 0)
}

/** Value at the fraction q of the sorted scores, at position (n − 1)·q, interpolated linearly. */
const percentile = (scores: Float64Array, q: number): number => {
  const sorted = scores.slice().sort()
  const position = (sorted.length - 1) * q
  const below = Math.floor(position)
  const low = sorted[below] ?? 0
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low
  return low + (high - low) * (position - below)
}
