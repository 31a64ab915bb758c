import type { Study, StudyRow } from '../report/study/study.js'
import { studyTable } from '../report/study/studyTable.js'
import { studyOf } from '../runtime/sweep/studyResults.js'
import type { PointRecord } from '../runtime/sweep/sweepTypes.js'
import type { PassingTable } from './fitTable.js'

/** A study's table so far. @param done its points that are done, in the order in which they were */
export const liveStudy = (
  points: readonly PointRecord[],
  study: Study,
  done: readonly PointRecord[],
): PassingTable | undefined => {
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

/** What is the same in all rows says nothing; what things cost says less than how robust they are. */
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
