import { type Spread, type Study, type StudyRow, studyRows } from '../../report/study/study.js'
import type { StudyFacts } from '../../report/study/studyFacts.js'
import { jsonOf, type Results } from './results.js'
import type { PointRecord } from './sweepTypes.js'

/** The rows of a study, from the points that are done. */
export const studyOf = (points: readonly PointRecord[], study: Study): readonly StudyRow[] =>
  studyRows(
    points.flatMap(({ params, summary }) => (summary ? [{ params, summary }] : [])),
    study,
  )

/** The rows as a table for programs: each mean is followed by the standard deviation over seeds. */
export const studyResults = (rows: readonly StudyRow[]): Results => {
  const params = [...new Set(rows.flatMap((row) => Object.keys(row.params)))]
  const attacks = [...new Set(rows.flatMap((row) => Object.keys(row.attacks)))]
  const figures: readonly (readonly [string, (row: StudyRow) => Spread | undefined])[] = [
    ['clean', ({ clean }) => clean],
    ...attacks.map((name) => [name, (row: StudyRow) => row.attacks[name]] as const),
    ['sparsity', ({ sparsity }) => sparsity],
    ['operations kept', ({ flops }) => flops],
    ['seconds per epoch', ({ secondsPerEpoch }) => secondsPerEpoch],
    ['training seconds', ({ trainingSeconds }) => trainingSeconds],
  ]
  return {
    columns: [...params, 'seeds', ...figures.flatMap(([name]) => [name, `${name} deviation`]), 'speed-up'],
    rows: rows.map((row) => [
      ...params.map((name) => row.params[name]),
      row.seeds,
      ...figures.flatMap(([, of]) => [of(row)?.mean, of(row)?.deviation]),
      row.speedUp,
    ]),
  }
}

/** The same table with the facts of the measurement as further columns, for files without a caption. */
export const withFacts = (
  { columns, rows }: Results,
  { data, testImages, epsilons, engines, pwoa }: StudyFacts,
): Results => {
  const facts = {
    data: data.map(({ name }) => name),
    origin: data.map(({ origin }) => origin),
    'test images': testImages,
    epsilon: epsilons,
    engine: engines,
    pwoa: [pwoa],
  }
  const texts = Object.values(facts).map((values) => values.join(' or '))
  return { columns: [...columns, ...Object.keys(facts)], rows: rows.map((row) => [...row, ...texts]) }
}

/** `study.json`: an object with the study, what it was measured on, the caption, and the rows. */
export const studyJson = (results: Results, study: Study, facts: StudyFacts, caption: string): string => {
  const head = JSON.stringify({ study, ...facts, caption }, null, 2).replace(/\n\}$/, '')
  return `${head},\n  "rows": ${jsonOf(results).trimEnd()}\n}\n`
}
