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
 *
 * @example
 * export default pipeline('check', mnist()).pipe(
 *   loadTeacher('mnist_fastat_pgd.pth', { architecture: 'mnistNet' }),
 *   attackEval([fgsm({ epsilon: 0.3 })]),
 * )
 */
export const pipeline = (name: string, source: DataSource): Pipeline<Step> => makePipeline(name, source, startRun)
