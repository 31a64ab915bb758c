import { join } from 'node:path'
import { rejectOption } from '../../dsl/errors.js'
import { type Append, writeInParts } from '../../io/files/writeInParts.js'
import { runFiles } from '../folder/folderNames.js'
import { replay, stripsOf } from '../records/readRun.js'
import { makeBoard } from './makeBoard.js'
import { runFoldersIn } from './runFoldersIn.js'

/**
 * Writes a run's steps, events and pictures as an event file for TensorBoard. For a comparison, a sweep or a folder of
 * several runs, writes a file for each run, in a folder named after it (after its parameters, for a point of a sweep), so
 * that TensorBoard shows the runs together. A file from an earlier call is replaced. Returns the paths of the files.
 *
 * @param out the folder to write to. @default `tensorboard` in the run folder
 * @throws OptionError if there is no run folder; FileError for damaged files; WriteError
 */
export const writeTensorboard = async (folder: string, out?: string): Promise<readonly string[]> => {
  const runs = runFoldersIn(folder)
  if (runs.length === 0) rejectOption('tensorboard', `a run folder, with a ${runFiles.plan}, or one of several`, folder)
  const files: string[] = []
  for (const run of runs) {
    const target = join(out ?? join(folder, runFiles.board), run.name)
    files.push(await writeInParts(target, 'tensorboard', (append) => writeBoard(run.folder, append)))
  }
  return files
}

/** Appends a run's file, a record at a time. @returns the name of the file */
const writeBoard = async (folder: string, append: Append): Promise<string> => {
  const board = makeBoard(append)
  await replay(folder, board)
  for (const [name, strips] of stripsOf(folder, 'tensorboard')) board.strips(name, strips)
  return board.name()
}
