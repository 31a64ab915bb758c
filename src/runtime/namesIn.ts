import { readdirSync } from 'node:fs'

/** Names in a folder; none where it can't be read. */
export const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
