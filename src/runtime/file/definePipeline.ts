import { type Either, either, left, right } from 'fp-ts/lib/Either.js'
import { errorOf, type PwoaError, PwoaFailure } from '../../dsl/errors.js'
import { decodeParameters, type Parameters } from '../../dsl/parameters.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import type { Comparison } from '../comparison/comparison.js'
import { rowFolder } from '../folder/folderNames.js'
import type { PlannedRun } from '../run/lookAhead.js'
import type { Sweep } from '../sweep/sweepTypes.js'

/** A pipeline, a comparison or a sweep that takes parameters. */
export interface PipelineDefinition {
  readonly kind: 'definition'
  /** What `--help` lists. */
  readonly fields: Parameters<unknown>['fields']
  /** Checks the values (native ones, or the texts of `--set`) and builds the pipeline from them. */
  readonly make: (values?: Readonly<Record<string, unknown>>) => Either<PwoaError, Runnable>
}

/**
 * A pipeline as a function of its parameters, which `pwoa-run FILE --set key=value` sets and `FILE --help` lists.
 *
 * @example
 * export default definePipeline(
 *   parameters({ rate: param.number({ default: 4, unit: '×', min: 1, help: 'How many times fewer weights.' }) }),
 *   ({ rate }) =>
 *     pipeline('mnist', mnist()).pipe(
 *       loadTeacher('teacher.pth', { architecture: 'mnistNet' }),
 *       distill(),
 *       admmMask({ pattern: 'irregular', rate }),
 *     ),
 * )
 */
export const definePipeline = <P>(parameters: Parameters<P>, build: (params: P) => Runnable): PipelineDefinition => ({
  kind: 'definition',
  fields: parameters.fields,
  make: (values = {}) =>
    either.chain(decodeParameters(parameters, values), (params): Either<PwoaError, Runnable> => {
      try {
        return right(build(params).withParams(parameters.encode(params)))
      } catch (thrown) {
        return left(thrown instanceof PwoaFailure ? errorOf('definePipeline', thrown) : failedToBuild(thrown))
      }
    }),
})

const failedToBuild = (cause: unknown): PwoaError => ({
  _tag: 'UsageError',
  stage: 'definePipeline',
  expected: 'a pipeline to be made of the parameters',
  actual: `an exception: ${cause instanceof Error ? cause.message : String(cause)}`,
  cause,
})

/** What a pipeline file describes: a run, a comparison of several, or a sweep of many. */
export type Runnable = Pipeline<Step> | Comparison | Sweep

/** All runs of what a file describes; those of a comparison one after the other. */
export const runsOf = (made: Runnable): readonly PlannedRun[] => {
  if (made.kind === 'pipeline') return [{ pipeline: made }]
  if (made.kind === 'sweep') return made.points.map(({ pipeline }) => ({ pipeline }))
  return Object.entries(made.rows).map(([label, pipeline], index) => ({ pipeline, folder: rowFolder(label, index) }))
}
