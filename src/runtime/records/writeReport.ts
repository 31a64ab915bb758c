import { join } from 'node:path'
import { valueOfTask } from '../../dsl/errors.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { comparisonReport } from '../../report/pages/comparisonReport.js'
import { runReport } from '../../report/pages/runReport.js'
import { sweepReport } from '../../report/pages/sweepReport.js'
import { runFiles } from '../folder/runFolder.js'
import { readFolder } from './readRun.js'
import { readSweep } from './readSweep.js'

/**
 * Writes `report.html` into a run folder from what lies there; of a comparison or a sweep, the table of all rows.
 * Returns the file. Throws what reading and writing throw, as a `PwoaFailure`.
 */
export const writeReport = async (folder: string): Promise<string> => {
  const page = await pageOf(folder)
  const file = join(folder, runFiles.report)
  await valueOfTask(writeWhole(file, page, 'report'))
  return file
}

const pageOf = async (folder: string): Promise<string> => {
  const sweep = await readSweep(folder)
  if (sweep) return sweepReport(sweep)
  const found = await readFolder(folder, 'report')
  return found.kind === 'run' ? runReport(found.record) : comparisonReport(found.record)
}
