import { bestOf, type Halving, type HalvingTask } from '../../math/successiveHalving.js'
import { sum } from '../../math/sums.js'
import type { SearchPlan, Standing } from './searchTypes.js'

const drawn = (value: number): string => String(Number(value.toPrecision(4)))

/**
 * Why a point does not go on from a rung, in words: where it stands, its metric there, and its place.
 *
 * @param standings of its runs at that rung
 */
export const whyStopped = (
  halving: Halving,
  { point, rung }: HalvingTask,
  { metric = 'metric', halving: rule }: SearchPlan,
  standings: readonly Standing[],
): string => {
  const losses = halving.losses(rung)
  const at = `at rung ${rung + 1} of ${rule?.rungs ?? rung + 1}, step ${Math.max(0, ...standings.map(({ step }) => step))}`
  if (losses.get(point) === undefined) return `${at}: a run of this point with another seed failed`
  const values = standings.flatMap(({ value }) => (value === undefined ? [] : [value]))
  const mean = values.length > 1 ? 'mean ' : ''
  const place = bestOf(losses, losses.size).indexOf(point) + 1
  const further = [...losses.keys()].filter((one) => halving.wentOn({ point: one, rung })).length
  return `${at}: ${mean}${metric} ${drawn(sum(values) / values.length)}, place ${place} of ${losses.size}, ${further} went on`
}

/** Why a point does not go on after the time of a search is over. */
export const whyOutOfTime = ({ hours }: SearchPlan, { rung, step }: Standing): string =>
  `after the budget of ${hours} h${rung === 0 ? ', before its first rung' : `, at rung ${rung}, step ${step}`}`
