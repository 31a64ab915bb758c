/**
 * Shares of the logarithmic distance between two values: the most that points of one value spread over, and one step.
 */
const BAND = 0.55
const STEP = 0.07

/** The factor for a value that separates the points of several rows at the same value on a logarithmic axis. */
export const apart = (index: number, count: number, values: readonly number[]): number =>
  count < 2 ? 1 : Math.exp(Math.min(BAND, STEP * (count - 1)) * gapOf(values) * (index / (count - 1) - 0.5))

/** The range of an axis: a little wider than the values, with room for separated points. */
export const logDomain = (values: readonly number[]): readonly [number, number] => {
  const margin = Math.exp(0.4 * gapOf(values))
  return [Math.min(...values) / margin, Math.max(...values) * margin]
}

/** The range of an axis for values that are not separated, many of them close to each other. */
export const wideDomain = (values: readonly number[]): readonly [number, number] => [
  Math.min(...values) / 1.4,
  Math.max(...values) * 1.4,
]

/** Logarithm of the smallest ratio of two neighbouring values, at most that of 2. */
const gapOf = (values: readonly number[]): number => {
  const sorted = [...new Set(values)].sort((a, b) => a - b)
  const gaps = sorted.slice(1).map((value, i) => Math.log(value / (sorted[i] ?? value)))
  return Math.min(Math.LN2, ...gaps)
}

/** Round numbers as ticks for a logarithmic axis: at most five, so that each has room for its label. */
export const logTicks = (values: readonly number[]): readonly number[] => {
  const [from, to] = wideDomain(values)
  const powers = Array.from({ length: 24 }, (_, i) => i - 8)
  const within = (digits: readonly number[]): readonly number[] =>
    powers
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= from && tick <= to)
  const choices = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 4, 5, 6, 8]].map(within)
  return (
    choices.findLast((ticks) => ticks.length <= MOST_TICKS && ticks.length > 1) ??
    choices.find((ticks) => ticks.length > 1) ?? [Number(Math.max(...values).toPrecision(2))]
  )
}

const MOST_TICKS = 5
