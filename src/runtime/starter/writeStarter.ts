import { valueOfTask } from '../../dsl/errors.js'
import { writeTogether } from '../../io/files/writeTogether.js'
import { starterFiles } from './starterFiles.js'

/**
 * Writes a starter project into a folder, new or not, and returns the names of its files.
 *
 * @throws OptionError if one of the files exists, WriteError if one can't be written; in both cases no file is left
 */
export const writeStarter = async (folder: string): Promise<readonly string[]> => {
  const files = await starterFiles(folder)
  await valueOfTask(writeTogether(folder, files, 'init'))
  return [...files.keys()]
}
