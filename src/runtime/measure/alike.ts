import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import type { Runnable } from '../file/definePipeline.js'

/** Runs that take the same time, and one of them. */
export interface AlikeRuns {
  /** Of the first of them. */
  readonly label: string
  readonly pipeline: Pipeline<Step>
  /** Undefined if the seed of the options applies. */
  readonly seed: number | undefined
  readonly count: number
}

interface One extends Omit<AlikeRuns, 'count'> {}

/**
 * The runs of a file in groups that take the same time: all options of their stages are equal, except how many weights are
 * kept and the seed. Points that only join the results of others are left out.
 */
export const alike = (made: Runnable): readonly AlikeRuns[] => {
  const groups = new Map<string, AlikeRuns>()
  for (const one of runsIn(made)) {
    const key = keyOf(one.pipeline)
    const known = groups.get(key)
    groups.set(key, known ? { ...known, count: known.count + 1 } : { ...one, count: 1 })
  }
  return [...groups.values()]
}

const runsIn = (made: Runnable): readonly One[] => {
  if (made.kind === 'pipeline') return [{ label: made.name, pipeline: made, seed: undefined }]
  if (made.kind === 'comparison')
    return Object.entries(made.rows).map(([label, pipeline]) => ({ label, pipeline, seed: undefined }))
  return made.points.filter(({ parts }) => parts === undefined)
}

/** The time of a step does not depend on how many weights are kept: a mask keeps the shapes. */
const without = ['rate', 'seed']

const keyOf = ({ plan, source }: Pipeline<Step>): string => {
  const stages = plan.map(({ stage, config }) => [
    stage,
    Object.entries(config).filter(([name]) => !without.includes(name)),
  ])
  return JSON.stringify([source.name, source.config, source.batchSize, stages])
}
