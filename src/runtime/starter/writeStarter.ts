import { valueOfTask } from '../../dsl/errors.js'
import { topNames, writeTogether } from '../../io/files/writeTogether.js'
import { starterFiles } from './starterFiles.js'
import type { TemplateName } from './templates.js'

/**
 * Writes a starter project into a folder, new or not, and returns the names of its files and folders.
 *
 * @throws OptionError if one of the files exists, WriteError if one can't be written; in both cases no file is left
 */
export const writeStarter = async (folder: string, template: TemplateName): Promise<readonly string[]> => {
  const files = await starterFiles(folder, template)
  await valueOfTask(writeTogether(folder, files, 'init'))
  return topNames([...files.keys()])
}
