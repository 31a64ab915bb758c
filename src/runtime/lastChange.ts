import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** When anything in a folder or in those below it was last changed, in milliseconds since 1970; 0 for none. */
export const lastChange = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
    (latest, name) => Math.max(latest, statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0),
    0,
  )
