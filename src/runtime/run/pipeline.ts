import type { DataSource } from '../../dsl/dataset.js'
import { makePipeline } from '../../dsl/pipeline/makePipeline.js'
import type { Pipeline } from '../../dsl/pipeline/pipeline.js'
import type { Step } from '../../dsl/step.js'
import { runDependencies } from './runDependencies.js'
import { startRunWith } from './startRun.js'

const startRun = startRunWith(runDependencies)

/**
 * A pipeline over a data set; its stages come with `pipe`, and `run` or `pwoa-run FILE` runs it.
 *
 * @param name names the run's folder and figures
 *
 * @example
 * export default pipeline('check', mnist()).pipe(
 *   loadTeacher('mnist_fastat_pgd.pth', { architecture: 'mnistNet' }),
 *   attackEval([fgsm({ epsilon: 0.3 })]),
 * )
 */
export const pipeline = (name: string, source: DataSource): Pipeline<Step> => makePipeline(name, source, startRun)
