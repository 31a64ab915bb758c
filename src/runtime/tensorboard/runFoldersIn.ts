import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { hasPlan } from '../folder/planFile.js'
import { type FolderRun, folderRuns } from '../records/folderRuns.js'

/** A run folder and the name of its run. */
export interface NamedFolder {
  readonly folder: string
  /** A relative path; `''` if the run's folder is the one that was asked for. */
  readonly name: string
}

/** Depth of run folders in the folder of a comparison (1), of a sweep (2), or of several of them (3). */
const DEEPEST = 3

/** The run folders in a folder or below it, in the order of their comparison or sweep, else by name. */
export const runFoldersIn = (folder: string): readonly NamedFolder[] => at(folder, '', DEEPEST)

const at = (folder: string, name: string, deep: number): readonly NamedFolder[] => {
  const parts = hasPlan(folder) ? folderRuns(folder, 'tensorboard').filter(({ begun }) => begun) : []
  if (parts.length > 0) {
    const names = parts.map((part) => (part.folder === folder ? '' : nameOf(part)))
    return parts.map((part, i) => {
      const own = names[i] ?? ''
      const alone = names.indexOf(own) === names.lastIndexOf(own)
      return { folder: part.folder, name: join(name, alone ? own : `${own} ${part.id}`) }
    })
  }
  if (deep === 0) return []
  return subfolders(folder).flatMap((inner) => at(join(folder, inner), join(name, inner), deep - 1))
}

/** A point is named by its parameters, because the key in its folder's name means nothing to a reader. */
const nameOf = ({ params, label, folder }: FolderRun): string =>
  params ? label.replace(/[^\p{L}\p{N}._= -]+/gu, '-') : basename(folder)

const subfolders = (folder: string): readonly string[] => {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
  } catch {
    return []
  }
}
