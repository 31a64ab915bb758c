import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isRunFolder } from '../runFolder.js'

/** How deep run folders lie in that of a comparison (1), of a sweep (2), or of several of them (3). */
const DEEPEST = 3

/** The run folders at or below a folder, by their path in it, sorted; `''` is the folder itself. */
export const runFoldersIn = (folder: string): readonly string[] =>
  isRunFolder(folder) ? [''] : below(folder, '', DEEPEST)

const below = (root: string, path: string, deep: number): readonly string[] =>
  subfolders(join(root, path)).flatMap((name) => {
    const inner = join(path, name)
    if (isRunFolder(join(root, inner))) return [inner]
    return deep > 1 ? below(root, inner, deep - 1) : []
  })

const subfolders = (folder: string): readonly string[] => {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
  } catch {
    return []
  }
}
