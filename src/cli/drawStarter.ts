import { join } from 'node:path'
import { shortPath } from '../runtime/host/shortPath.js'

/** What `pwoa-run init` has written, and what to do next. */
export const drawStarter = (folder: string, names: readonly string[]): string =>
  `${names.map((name) => `${shortPath(join(folder, name))}\n`).join('')}
Run it:                  pwoa-run ${shortPath(join(folder, 'pipeline.ts'))}
Types in your editor:    npm install, in ${shortPath(folder) === '.' ? 'this folder' : shortPath(folder)}
`
