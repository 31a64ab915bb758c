import { isLeft } from 'fp-ts/lib/Either.js'
import { tryCatch } from 'fp-ts/lib/TaskEither.js'
import { errorOf } from '../../dsl/errors.js'
import { missing } from '../../dsl/optionalPackages.js'
import type { Caption } from '../../report/study/captionOf.js'
import type { Study, StudyRow } from '../../report/study/study.js'

const load = tryCatch(
  () => import('../../report/study/studyPlots.js').catch(missing('sweep', 'charts')),
  (thrown) => errorOf('sweep', thrown),
)

/** A study's charts as SVG, by file name; none if the packages that draw them are not installed. */
export const studyCharts = async (
  rows: readonly StudyRow[],
  study: Study,
  caption: Caption,
): Promise<Readonly<Record<string, string>>> => {
  const loaded = await load()
  return isLeft(loaded) ? {} : loaded.right.studyPlots(rows, study, caption)
}

/** Why a study gets no charts, and what to do about it; undefined if it gets them. */
export const whyNoCharts = async (): Promise<string | undefined> => {
  const loaded = await load()
  if (!isLeft(loaded)) return undefined
  const { expected, actual, hint = '' } = loaded.left
  return `the study has no charts: expected ${expected}, got ${actual} (${hint})`
}
