import { join } from 'node:path'
import { writeWhole } from '../../io/writeWhole.js'
import type { Study } from '../../report/study/study.js'
import { studyTable } from '../../report/study/studyTable.js'
import { valueOf } from '../valueOf.js'
import { csvOf, jsonOf, markdownOf, resultsOf } from './results.js'
import { studyOf, studyResults } from './studyResults.js'
import { resultsFile } from './sweepFolder.js'
import type { PointRecord } from './sweepTypes.js'

/** Writes the figures of a sweep's points as they stand: a row for each, and of a study a row for each method. */
export const writeResults = async (
  folder: string,
  points: readonly PointRecord[],
  study: Study | undefined,
): Promise<void> => {
  const results = resultsOf(points)
  const files = {
    'results.csv': csvOf(results),
    [resultsFile]: jsonOf(results),
    'results.md': markdownOf(results),
    ...(study ? await studyFiles(points, study) : {}),
  }
  for (const [name, text] of Object.entries(files)) await valueOf(writeWhole(join(folder, name), text, name))
}

/** The library that draws is loaded by those who have a study. */
const studyFiles = async (points: readonly PointRecord[], study: Study): Promise<Readonly<Record<string, string>>> => {
  const { studyPlots } = await import('../../report/study/studyPlots.js')
  const rows = studyOf(points, study)
  const { header, rows: cells } = studyTable(rows)
  const results = studyResults(rows)
  return {
    'study.csv': csvOf(results),
    'study.json': jsonOf(results),
    'study.md': markdownOf({ columns: header, rows: cells }),
    ...studyPlots(rows, study),
  }
}
