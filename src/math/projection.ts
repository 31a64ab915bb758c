import { neighboursAt } from './orderStatistics.js'
import { type ByScore, type Pattern, ruleOf } from './patterns.js'
import type { WeightMatrix } from './weightMatrix.js'

/** Euclidean projection on sparse weights, on plain numbers. */

/**
 * Π_S(W) as a mask. Groups are scored by |w| or their L2 norm, and compared with the (1 − 1/rate) percentile of all
 * scores, linearly interpolated as in `numpy.percentile`. Patterns of small groups keep their number of weights in
 * each.
 *
 * @param rate compression ≥ 1; 4 keeps a quarter of the groups
 * @returns for each weight 1 if it stays, else 0
 */
export const projectionMask = (matrix: WeightMatrix, pattern: Pattern, rate: number): Uint8Array => {
  const [mask] = projectionMasks([matrix], pattern, rate)
  return mask ?? new Uint8Array(0)
}

/** Π_S(W) as masks of matrices whose groups stay or go together: a group's score is the norm over all matrices. */
export const projectionMasks = (
  together: readonly WeightMatrix[],
  pattern: Pattern,
  rate: number,
): readonly Uint8Array[] =>
  rate === 1
    ? together.map(({ values }) => new Uint8Array(values.length).fill(1))
    : thresholdMasks(together, pattern, projectionThreshold(together, pattern, rate))

/**
 * The threshold of Π_S: the (1 − 1/rate) percentile of the scores; 0 for rate 1. For patterns of small groups, which
 * have no threshold, it is the rate itself.
 */
export const projectionThreshold = (together: readonly WeightMatrix[], pattern: Pattern, rate: number): number => {
  const rule = known(pattern)
  if (rate === 1) return 0
  return rule.by === 'score' ? percentile(scoresOf(together, rule), 1 - 1 / rate) : rate
}

/**
 * Hard thresholding as masks: a group stays if its score, |w| or L2 norm, survives the threshold t. Applied to W, this
 * is the proximal operator of ½t²·‖W‖₀, up to ties. For patterns of small groups it is the projection at rate t.
 *
 * @param threshold t ≥ 0
 * @returns for each weight 1 if it stays, else 0
 * Source: Blumensath, Davies, "Iterative Thresholding for Sparse Approximations", 2008 (hard thresholding).
 */
export const thresholdMasks = (
  together: readonly WeightMatrix[],
  pattern: Pattern,
  threshold: number,
): readonly Uint8Array[] => {
  const rule = known(pattern)
  if (rule.by === 'group') return together.map((matrix) => rule.mask(matrix, Math.max(1, threshold)))
  const scores = scoresOf(together, rule)
  // A group of zeros counts as pruned at every threshold.
  const stays = Uint8Array.from(scores, (score) => (score > 0 && rule.survives(score, threshold) ? 1 : 0))
  return together.map((matrix) => {
    const groupOf = rule.groupOf(matrix)
    const mask = new Uint8Array(matrix.values.length)
    for (let i = 0; i < mask.length; i++) mask[i] = stays[groupOf(i)] ?? 0
    return mask
  })
}

const known = (pattern: Pattern) => {
  const rule = ruleOf(pattern)
  if (!rule) throw new Error(`unknown pattern "${pattern}"`)
  return rule
}

/** Σ w² of each group that a pattern ranks by its score; undefined for patterns of small groups. */
export const groupSquares = (matrix: WeightMatrix, pattern: Pattern): Float64Array | undefined => {
  const rule = known(pattern)
  return rule.by === 'score' ? squaresOf([matrix], rule) : undefined
}

/** |w|, or the L2 norm of each group, over all matrices. */
const scoresOf = (together: readonly WeightMatrix[], rule: ByScore): Float64Array =>
  squaresOf(together, rule).map(Math.sqrt)

const squaresOf = (together: readonly WeightMatrix[], { groups, groupOf }: ByScore): Float64Array => {
  const squares = new Float64Array(Math.max(...together.map(groups)))
  for (const matrix of together) {
    const groupAt = groupOf(matrix)
    for (let i = 0; i < matrix.values.length; i++) {
      const group = groupAt(i)
      squares[group] = (squares[group] ?? 0) + (matrix.values[i] ?? 0) ** 2
    }
  }
  return squares
}

/** The value at position (n − 1)·q of the sorted scores, interpolated linearly. */
const percentile = (scores: Float64Array, q: number): number => {
  const position = (scores.length - 1) * q
  const below = Math.floor(position)
  const [low, high] = neighboursAt(scores, below)
  return low + (high - low) * (position - below)
}
