import { access } from 'node:fs/promises'
import { join } from 'node:path'

/** Whether there is a file or folder of that path. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** The path of the first of these names that is in the folder; undefined where none is. */
export const firstOf = async (folder: string, names: readonly string[]): Promise<string | undefined> => {
  for (const name of names) {
    const path = join(folder, name)
    if (await exists(path)) return path
  }
  return undefined
}
