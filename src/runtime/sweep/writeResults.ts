import { join } from 'node:path'
import { valueOfTask } from '../../dsl/errors.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { captionOf } from '../../report/study/captionOf.js'
import { type SearchSummary, searchTable } from '../../report/study/searchTable.js'
import type { Study } from '../../report/study/study.js'
import { type DescribedRun, type StudyFacts, studyFacts } from '../../report/study/studyFacts.js'
import { studyTable } from '../../report/study/studyTable.js'
import { studyTex } from '../../report/study/studyTex.js'
import { ownVersion } from '../host/ownPackage.js'
import { resultsFile, searchFile, studyFile } from '../records/sweepFiles.js'
import { csvOf, jsonOf, markdownOf, resultsOf } from './results.js'
import { searchSummary } from './searchSummary.js'
import { studyCharts } from './studyCharts.js'
import { studyJson, studyOf, studyResults, withFacts } from './studyResults.js'
import type { PointRecord, Sweep } from './sweepTypes.js'

/**
 * Writes the tables of a sweep with its current figures: a row for each point, and, for a study, a row for each method.
 *
 * @param points in the sweep's order
 * @throws WriteError
 */
export const writeResults = async (
  folder: string,
  points: readonly PointRecord[],
  sweep: Pick<Sweep, 'points' | 'study' | 'search'>,
): Promise<void> => {
  const results = resultsOf(points)
  const runs = points.flatMap(({ summary }, index): DescribedRun[] =>
    summary ? [{ summary, stages: sweep.points[index]?.pipeline.plan ?? [] }] : [],
  )
  // The version is part of a point's key: finished points are of this version.
  const facts = studyFacts(runs, ownVersion())
  const files = {
    'results.csv': csvOf(results),
    [resultsFile]: jsonOf(results),
    'results.md': markdownOf(results, runs.length === 0 ? undefined : captionOf(facts, []).whole),
    ...(sweep.search ? searchFiles(searchSummary(points, sweep.search)) : {}),
    ...(sweep.study && runs.length > 0 ? await studyFiles(points, sweep.study, facts) : {}),
  }
  for (const [name, text] of Object.entries(files)) await valueOfTask(writeWhole(join(folder, name), text, name))
}

/** The files of a search. */
const searchFiles = (summary: SearchSummary): Readonly<Record<string, string>> => {
  const { header, rows } = searchTable(summary)
  return {
    [searchFile]: `${JSON.stringify(summary, null, 2)}\n`,
    'search.md': markdownOf({ columns: header, rows }, summary.notes.join(' ')),
  }
}

/** The files of a study. */
const studyFiles = async (
  points: readonly PointRecord[],
  study: Study,
  facts: StudyFacts,
): Promise<Readonly<Record<string, string>>> => {
  const rows = studyOf(points, study)
  const caption = captionOf(facts, rows)
  const { header, rows: cells } = studyTable(rows)
  const results = studyResults(rows)
  return {
    'study.csv': csvOf(withFacts(results, facts)),
    [studyFile]: studyJson(results, study, facts, caption.whole),
    'study.md': markdownOf({ columns: header, rows: cells }, caption.whole),
    'study.tex': studyTex(rows, study, caption.whole),
    ...(await studyCharts(rows, study, caption)),
  }
}
