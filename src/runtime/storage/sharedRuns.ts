import { join, resolve } from 'node:path'
import { isFolderInUse } from '../folder/folderLock.js'
import { pointFolder } from '../folder/folderNames.js'
import { fileVersionIn } from '../folder/planFile.js'
import { finishedIn } from '../folder/runInFolder.js'
import { reachedIn, type Target } from '../search/target.js'
import type { FinishedRun, PointName, ReachedRun, RunStorage } from './runStorage.js'

/** The result in a run folder; undefined if the run is not finished. @throws FileError for damaged files */
const finishedRunIn = (folder: string): FinishedRun | undefined => {
  const summary = finishedIn(folder)
  return summary && { summary, fileVersion: fileVersionIn(folder) }
}

/** What the run in a folder has reached. @throws FileError for damaged files; OptionError for an unknown metric */
export const reachedRunIn = async (folder: string, target: Target): Promise<ReachedRun | undefined> => {
  const reached = await reachedIn(folder, target)
  return reached && { reached, fileVersion: fileVersionIn(folder) }
}

const nothing = (): void => undefined

/** Runs in a folder that all workers mount: all files are shared already. */
export const sharedRuns = (runs: string): RunStorage => {
  const folderOf = ({ sweep, key }: PointName): string => pointFolder(join(resolve(runs), sweep), key)
  return {
    shown: runs,
    secrets: [],
    finished: async (point) => finishedRunIn(folderOf(point)),
    reached: (point, target) => reachedRunIn(folderOf(point), target),
    open: async (point) => {
      const folder = folderOf(point)
      if (isFolderInUse(folder)) return undefined
      return {
        folder,
        advanced: nothing,
        bring: async () => false,
        finish: async (summary) => summary,
        leave: async () => undefined,
      }
    },
    hurry: nothing,
    close: nothing,
  }
}
