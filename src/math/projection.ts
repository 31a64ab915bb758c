import { neighboursAt } from './orderStatistics.js'
import { type ByScore, type Pattern, ruleOf } from './patterns.js'
import type { WeightMatrix } from './weightMatrix.js'

/**
 * Euclidean projection on sparse weights, on plain numbers.
 */

/**
 * Mask of Π_S(W): 1 where a weight stays. Groups are scored by magnitude (|w| or L2 norm) and compared with the
 * (1 − 1/rate) percentile of the scores, linearly interpolated as in `numpy.percentile`; patterns of small groups keep
 * their number of weights in each.
 *
 * @param rate compression ≥ 1; 4 keeps a quarter of the groups
 * @returns one 0 or 1 per weight
 */
export const projectionMask = (matrix: WeightMatrix, pattern: Pattern, rate: number): Uint8Array => {
  if (rate === 1) return new Uint8Array(matrix.values.length).fill(1)
  return thresholdMask(matrix, pattern, projectionThreshold(matrix, pattern, rate))
}

/**
 * What a group's score is compared with in Π_S: the (1 − 1/rate) percentile of the scores; 0 for rate 1. Patterns of
 * small groups have no threshold: there it is the rate itself.
 */
export const projectionThreshold = (matrix: WeightMatrix, pattern: Pattern, rate: number): number => {
  const rule = known(pattern)
  if (rate === 1) return 0
  return rule.by === 'score' ? percentile(scoresOf(matrix, rule), 1 - 1 / rate) : rate
}

/**
 * Hard thresholding as a mask: 1 where a group's score, |w| or L2 norm, survives the threshold t. Applied to W, it is the
 * proximal step of ½t²·‖W‖₀, up to ties. In patterns of small groups, the projection at rate t.
 *
 * @param threshold t ≥ 0
 */
export const thresholdMask = (matrix: WeightMatrix, pattern: Pattern, threshold: number): Uint8Array => {
  const rule = known(pattern)
  if (rule.by === 'group') return rule.mask(matrix, Math.max(1, threshold))
  const { survives } = rule
  const groupOf = rule.groupOf(matrix)
  const scores = scoresOf(matrix, rule)
  const mask = new Uint8Array(matrix.values.length)
  for (let i = 0; i < mask.length; i++) {
    const score = scores[groupOf(i)] ?? 0
    // A group that is zero already is pruned already, whatever the threshold says.
    mask[i] = score > 0 && survives(score, threshold) ? 1 : 0
  }
  return mask
}

const known = (pattern: Pattern) => {
  const rule = ruleOf(pattern)
  if (!rule) throw new Error(`no pattern "${pattern}"`)
  return rule
}

/** |w|, or the L2 norm of each group. */
const scoresOf = (matrix: WeightMatrix, { groups, groupOf }: ByScore): Float64Array => {
  const groupAt = groupOf(matrix)
  const squares = new Float64Array(groups(matrix))
  for (let i = 0; i < matrix.values.length; i++) {
    const group = groupAt(i)
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
