import type { Study, StudyRow } from '../../report/study/study.js'
import { studyTable } from '../../report/study/studyTable.js'
import { studyOf } from '../../runtime/sweep/studyResults.js'
import type { PointRecord } from '../../runtime/sweep/sweepTypes.js'
import type { LiveTable } from './fitTable.js'

/**
 * The table of a study so far; undefined without any figures.
 *
 * @param done the points that are done, in the order in which they finished
 */
export const liveStudy = (
  points: readonly PointRecord[],
  study: Study,
  done: readonly PointRecord[],
): LiveTable | undefined => {
  const rows = studyOf(points, study)
  if (rows.length === 0) return undefined
  const table = studyTable(rows)
  const age = rows.map((row) => done.findLastIndex((point) => isOf(point, row)))
  return {
    table,
    expendable: expendableOf(rows, study).filter((name) => table.header.includes(name)),
    latest: [...rows.keys()].toSorted((a, b) => (age[b] ?? 0) - (age[a] ?? 0) || b - a),
  }
}

const isOf = ({ params }: PointRecord, row: StudyRow): boolean =>
  Object.entries(row.params).every(([name, value]) => params[name] === value)

/** Columns in the order in which they can be left out: first those that are the same in all rows, then costs. */
const expendableOf = (rows: readonly StudyRow[], study: Study): readonly string[] => {
  const params = [...new Set(rows.flatMap((row) => Object.keys(row.params)))]
  const alike = params.filter(
    (name) => name !== study.method && new Set(rows.map((row) => row.params[name])).size === 1,
  )
  const attacks = [...new Set(rows.flatMap((row) => Object.keys(row.attacks)))]
  return [
    ...alike.filter((name) => name !== study.across),
    'operations kept',
    'seconds per epoch',
    'seeds',
    'sparsity',
    'speed-up',
    ...attacks.slice(1).toReversed(),
    ...alike.filter((name) => name === study.across),
    'clean',
    ...params.filter((name) => !alike.includes(name) && name !== study.method && name !== study.across),
  ]
}
