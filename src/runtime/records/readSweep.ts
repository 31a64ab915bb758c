import { existsSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import type { SweepRecord } from '../../report/pages/sweepReport.js'
import { readJson, runFiles } from '../folder/runFolder.js'
import { finishedIn } from '../folder/runInFolder.js'
import { folderRuns } from './folderRuns.js'
import { readPicture } from './readPicture.js'
import { storedSweep, studyFile } from './sweepFiles.js'

const storedStudy = t.type({
  study: t.intersection([t.type({ method: t.string, across: t.string }), t.exact(t.partial({ baseline: t.string }))]),
  caption: t.string,
})

/** What a sweep's folder tells of it, done or not; undefined where the folder is of something else. */
export const readSweep = async (folder: string): Promise<SweepRecord | undefined> => {
  const plan = storedSweep.decode(readJson(join(folder, runFiles.plan)))
  if (E.isLeft(plan)) return undefined
  const points = folderRuns(folder, 'report').map(({ label, folder: own, params = {} }) => ({
    label,
    params,
    summary: finishedIn(own),
    report: existsSync(join(own, runFiles.report))
      ? relative(folder, join(own, runFiles.report)).split(sep).join('/')
      : undefined,
  }))
  const found = storedStudy.decode(readJson(join(folder, studyFile)))
  const { study, caption } = E.isRight(found) ? found.right : { study: undefined, caption: undefined }
  return { name: plan.right.sweep, points, study, caption, pictures: study ? await picturesOf(folder) : [] }
}

const picturesOf = async (folder: string): Promise<readonly string[]> => {
  const names = readdirSync(folder).filter((name) => /^robust-by-[\w.-]+\.svg$/.test(name))
  const pictures = await Promise.all(names.sort().map((name) => readPicture(folder, name)))
  return pictures.filter((svg) => svg !== undefined)
}
