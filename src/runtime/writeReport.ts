import { join } from 'node:path'
import { writeWhole } from '../io/writeWhole.js'
import { comparisonReport } from '../report/comparisonReport.js'
import { runReport } from '../report/runReport.js'
import { readFolder } from './readRun.js'
import { runFiles } from './runFolder.js'
import { valueOf } from './valueOf.js'

/**
 * Writes `report.html` into a run folder from what lies there; of a comparison, the table of all rows. Returns the
 * file. Throws what reading and writing throw, as a `PwoaFailure`.
 */
export const writeReport = async (folder: string): Promise<string> => {
  const found = await readFolder(folder, 'report')
  const page = found.kind === 'run' ? runReport(found.record) : comparisonReport(found.record)
  const file = join(folder, runFiles.report)
  await valueOf(writeWhole(file, page, 'report'))
  return file
}
