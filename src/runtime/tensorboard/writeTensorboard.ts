import { join } from 'node:path'
import { rejectOption, valueOfTask } from '../../dsl/errors.js'
import { writeWhole } from '../../io/files/writeWhole.js'
import { runFiles } from '../folder/folderNames.js'
import { picturesOf, replay } from '../records/readRun.js'
import { makeBoard } from './makeBoard.js'
import { runFoldersIn } from './runFoldersIn.js'

/** Where event files lie in a folder when nothing else is said. */
export const boardFolder = 'tensorboard'

/**
 * Writes a run's steps, events and pictures as an event file for TensorBoard; of a comparison, a sweep or a folder with
 * several runs in it, a file for each, in a folder of its name (of a sweep's point: its parameters), so that TensorBoard
 * shows them side by side. A file that an earlier call wrote is replaced: while a run is under way, each call shows it
 * as it is.
 *
 * Throws an `OptionError` where there is no run folder, and what reading and writing throw. Returns the files.
 *
 * @param out where to; undefined: `tensorboard` in the folder
 */
export const writeTensorboard = async (folder: string, out?: string): Promise<readonly string[]> => {
  const runs = runFoldersIn(folder)
  if (runs.length === 0) rejectOption('tensorboard', `a run folder, with a ${runFiles.plan}, or one of several`, folder)
  const files: string[] = []
  for (const run of runs) {
    const { name, bytes } = await boardOf(run.folder)
    const file = join(out ?? join(folder, boardFolder), run.name, name)
    await valueOfTask(writeWhole(file, bytes, 'tensorboard'))
    files.push(file)
  }
  return files
}

const boardOf = async (folder: string) => {
  const board = makeBoard()
  await replay(folder, board)
  for (const [name, svg] of await picturesOf(folder)) board.picture(name.replace(/\.svg$/, ''), svg)
  return board.file()
}
