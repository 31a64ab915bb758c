import { dataSourceOf, type OwnDataSource } from '../../dsl/dataSourceOf.js'
import type { DataSource } from '../../dsl/dataset.js'
import { makePipeline } from '../../dsl/pipeline/makePipeline.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { runDependencies } from './runDependencies.js'
import { startRunWith } from './startRun.js'

const startRun = startRunWith(runDependencies)

/**
 * Makes a pipeline over a data set. Its method `pipe` adds stages; `run`, or `pwoa-run FILE`, runs it.
 *
 * @param name appears in the run folder's name and in the results
 * @param source a data set, such as `mnist()`, or an object of your own whose `open` returns a promise
 *
 * @example
 * export default pipeline('check', mnist()).pipe(
 *   loadTeacher('mnist_fastat_pgd.pth', { architecture: 'mnistNet' }),
 *   attackEval([fgsm({ epsilon: 0.3 })]),
 * )
 */
export const pipeline = (name: string, source: DataSource | OwnDataSource): Pipeline<Step> =>
  makePipeline(name, dataSourceOf(source), startRun)
