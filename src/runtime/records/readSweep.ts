import { existsSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { SweepRecord } from '../../report/pages/sweepReport.js'
import { runFiles } from '../folder/folderNames.js'
import { finishedIn } from '../folder/runInFolder.js'
import { folderRuns } from './folderRuns.js'
import { readPicture } from './readPicture.js'
import { readSearch, readStudy } from './sweepFiles.js'

/**
 * Reads the folder of a sweep, finished or not.
 *
 * @param name the sweep's name, from its plan
 * @param stage the stage of the errors
 * @throws FileError for damaged files
 */
export const readSweep = async (folder: string, name: string, stage: string): Promise<SweepRecord> => {
  const points = folderRuns(folder, stage).map(({ label, folder: own, params = {}, why }) => ({
    label,
    params,
    summary: finishedIn(own),
    stopped: why,
    report: existsSync(join(own, runFiles.report))
      ? relative(folder, join(own, runFiles.report)).split(sep).join('/')
      : undefined,
  }))
  const found = readStudy(folder, stage)
  const search = readSearch(folder, stage)
  return {
    name,
    points,
    search,
    study: found?.study,
    caption: found?.caption,
    pictures: found ? await picturesOf(folder) : [],
  }
}

const picturesOf = async (folder: string): Promise<readonly string[]> => {
  const names = readdirSync(folder).filter((name) => /^robust-by-[\w.-]+\.svg$/.test(name))
  const pictures = await Promise.all(names.sort().map((name) => readPicture(folder, name)))
  return pictures.filter((svg) => svg !== undefined)
}
