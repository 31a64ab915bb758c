import { join } from 'node:path'
import { valueOfTask } from '../../dsl/errors.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { comparisonReport } from '../../report/pages/comparisonReport.js'
import { runReport } from '../../report/pages/runReport.js'
import { sweepReport } from '../../report/pages/sweepReport.js'
import { runFiles } from '../folder/folderNames.js'
import { folderPlan } from '../folder/planFile.js'
import { readComparison, readRun } from './readRun.js'
import { readSweep } from './readSweep.js'

/**
 * Writes `report.html` into a run folder from the files there; for a comparison or a sweep, with a table of all rows.
 * Returns the path of the report.
 *
 * @throws OptionError for a folder without a plan; FileError for damaged files; WriteError
 */
export const writeReport = async (folder: string): Promise<string> => {
  const page = await pageOf(folder)
  const file = join(folder, runFiles.report)
  await valueOfTask(writeWhole(file, page, 'report'))
  return file
}

/**
 * Writes `summary.json` into the folder of a finished run, comparison or sweep, and then its report.
 *
 * @throws as {@link writeReport}
 */
export const writeSummary = async (folder: string, summary: object): Promise<void> => {
  const file = join(folder, runFiles.summary)
  await valueOfTask(writeWhole(file, `${JSON.stringify(summary, null, 2)}\n`, 'summary'))
  await writeReport(folder)
}

const pageOf = async (folder: string): Promise<string> => {
  const found = folderPlan(folder, 'report')
  if (found.kind === 'sweep') return sweepReport(await readSweep(folder, found.plan.sweep, 'report'))
  if (found.kind === 'comparison') return comparisonReport(await readComparison(folder, found.plan, 'report'))
  return runReport(await readRun(folder, 'report'))
}
