import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { isTrial, trialName, trialOf } from '../trial/trialOf.js'
import type { Sweep, SweepPoint } from './sweepTypes.js'

/**
 * The sweep as a quick trial: of all points those that have stages in an order of their own or read a file of their own.
 * The others would try the same again, with other numbers.
 */
export const trialSweep = (sweep: Sweep): Sweep => {
  if (isTrial(sweep)) return sweep
  const parts = differing(sweep.points.filter((point) => point.parts === undefined)).map(tried)
  const joining = sweep.points.flatMap((point) => (point.parts === undefined ? [] : [{ ...tried(point), parts }]))
  return {
    ...sweep,
    name: trialName(sweep.name),
    points: [...parts, ...joining],
    // The few steps of a trial have no rungs. What points are ranked by is looked for at the end.
    search: sweep.search && { ...sweep.search, halving: undefined },
    withParams: (params) => trialSweep(sweep.withParams(params)),
    run: (options = {}) => sweep.run({ ...options, trial: 'quick' }),
  }
}

const tried = (point: SweepPoint): SweepPoint => ({ ...point, pipeline: trialOf(point.pipeline) })

const differing = (points: readonly SweepPoint[]): readonly SweepPoint[] => {
  const seen = new Set<string>()
  return points.filter(({ pipeline }) => {
    const fresh = traitsOf(pipeline).filter((trait) => !seen.has(trait))
    for (const trait of fresh) seen.add(trait)
    return fresh.length > 0
  })
}

const traitsOf = ({ plan }: Pipeline<Step>): readonly string[] => [
  JSON.stringify(plan.map(({ stage }) => stage)),
  ...plan.flatMap(({ reads = [] }) => reads),
]
