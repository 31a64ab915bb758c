import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import type { Runnable } from './definePipeline.js'

/** All pipelines of what a file describes. */
export const pipelinesOf = (made: Runnable): readonly Pipeline<Step>[] => {
  if (made.kind === 'pipeline') return [made]
  return made.kind === 'sweep' ? made.points.map(({ pipeline }) => pipeline) : Object.values(made.rows)
}
