/** How one budget of weights is shared among layers. */

/** A layer that competes for the budget: the score of each of its groups (weights, filters …), all of one size. */
export interface Competitor {
  readonly scores: Float64Array
  /** Number of weights in a group. */
  readonly groupSize: number
}

/**
 * The rate of each layer if the groups of the largest scores stay, over all layers together, within a budget of
 * weights. Each layer keeps at least one group.
 *
 * @param budget number of weights that may stay
 * @returns compression ≥ 1 of each layer; undefined if one group of each layer already exceeds the budget
 */
export const ratesByRank = (layers: readonly Competitor[], budget: number): readonly number[] | undefined => {
  const sorted = layers.map(({ scores }) => scores.toSorted())
  const thresholds = Float64Array.from(sorted.flatMap((scores) => [...scores])).sort()
  const keptAt = (threshold: number): readonly number[] =>
    sorted.map((scores) => Math.max(1, scores.length - firstNotBelow(scores, threshold)))
  const weightsAt = (threshold: number): number =>
    keptAt(threshold).reduce((sum, kept, i) => sum + kept * (layers[i]?.groupSize ?? 0), 0)
  if (weightsAt(Number.POSITIVE_INFINITY) > budget) return undefined
  // The smallest threshold that meets the budget: a larger one keeps fewer groups.
  let [low, high] = [0, thresholds.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (weightsAt(thresholds[middle] ?? 0) <= budget) high = middle
    else low = middle + 1
  }
  const kept = keptAt(thresholds[low] ?? Number.POSITIVE_INFINITY)
  return sorted.map((scores, i) => scores.length / (kept[i] ?? 1))
}

/** Index of the first of the ascending values that is at least the threshold. */
const firstNotBelow = (values: Float64Array, threshold: number): number => {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] ?? 0) < threshold) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Erdős–Rényi-kernel rates: a layer's density is proportional to Σ d / Π d over its weight's dimensions d (out, in, and
 * the kernel's sides). A layer whose density would exceed 1 stays whole, and the others share the rest.
 *
 * @param shapes of the weights
 * @param budget number of weights that may stay, in (0, all]
 * @returns compression ≥ 1 of each layer
 * Source: Evci et al., "Rigging the Lottery", ICML 2020, Sec. 3.
 */
export const erdosRenyiRates = (shapes: readonly (readonly number[])[], budget: number): readonly number[] => {
  const sums = shapes.map((shape) => shape.reduce((sum, side) => sum + side, 0))
  const sizes = shapes.map((shape) => shape.reduce((product, side) => product * side, 1))
  const whole = new Set<number>()
  for (;;) {
    const spent = [...whole].reduce((sum, i) => sum + (sizes[i] ?? 0), 0)
    // density·size = scale·(Σd / size)·size = scale·Σd
    const free = sums.reduce((sum, own, i) => sum + (whole.has(i) ? 0 : own), 0)
    const scale = (budget - spent) / free
    const full = sizes.flatMap((size, i) => (!whole.has(i) && scale * (sums[i] ?? 0) >= size ? [i] : []))
    if (full.length === 0 || whole.size + full.length === sizes.length)
      return sizes.map((size, i) => (whole.has(i) || full.includes(i) ? 1 : size / (scale * (sums[i] ?? 1))))
    for (const i of full) whole.add(i)
  }
}
