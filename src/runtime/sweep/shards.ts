import type { Shard } from '../../attacks/evaluation/shard.js'
import { rejectOption } from '../../dsl/errors.js'
import { readArgument } from '../../dsl/options/declare.js'
import { whole } from '../../dsl/options/kinds.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { labelOf } from '../records/sweepFiles.js'
import { makeSweep } from './makeSweep.js'
import type { Sweep, SweepPoint } from './sweepTypes.js'

/**
 * Splits an evaluation into parts, for `--workers` and `--queue`: a sweep with a run for each part of the test examples,
 * and a last run, `shard=all`, which joins their results. Its figures, and its results for each example, equal those of
 * the evaluation in one piece: batches and random numbers belong to the examples, and no example is attacked twice. For
 * pipelines that do not train: otherwise each part would train.
 *
 * @param of number of parts, >= 1; at most one for each four batches of examples
 * @param build makes the pipeline of a part, or, for `undefined`, of the whole
 *
 * @example
 * export default shards('evaluate', 8, (shard) =>
 *   pipeline('evaluate', mnist()).pipe(
 *     loadTeacher('teacher.pth', { architecture: 'mnistNet' }),
 *     attackEval([autoAttack({ epsilon: 0.3 })], { shard }),
 *   ),
 * )
 *
 * @throws OptionError for a wrong number, or a pipeline that does not use its part; whatever `build` throws
 */
export const shards = (name: string, of: number, build: (shard: Shard | undefined) => Pipeline<Step>): Sweep => {
  readArgument('shards', 'of', whole(1), of)
  const all = pointOf(undefined, build)
  const points = Array.from({ length: of }, (_, index) => pointOf({ index, of }, build))
  const alike = points.some(({ pipeline }) => stagesOf(pipeline) === stagesOf(all.pipeline))
  if (alike) rejectOption('shards', 'a pipeline that gives its shard to attackEval', 'one that does not')
  return makeSweep({ name, axes: [], points, whole: all, study: undefined, params: {} })
}

const pointOf = (shard: Shard | undefined, build: (shard: Shard | undefined) => Pipeline<Step>): SweepPoint => {
  const params = { shard: shard?.index ?? 'all' }
  return { label: labelOf(params), params, seed: undefined, pipeline: build(shard).withParams(params) }
}

const stagesOf = ({ plan }: Pipeline<Step>): string => JSON.stringify(plan.map(({ stage, config }) => [stage, config]))
