import { writeTogether } from '../io/writeTogether.js'
import { starterFiles } from './starterFiles.js'
import { valueOf } from './valueOf.js'

/**
 * Writes a starter project into a folder, new or not, and returns the names of its files.
 *
 * Throws what `writeTogether` refuses: nothing is overwritten, and nothing left half-written.
 */
export const writeStarter = async (folder: string): Promise<readonly string[]> => {
  const files = await starterFiles(folder)
  await valueOf(writeTogether(folder, files, 'init'))
  return [...files.keys()]
}
