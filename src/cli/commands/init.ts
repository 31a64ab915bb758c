import { join } from 'node:path'
import { shortPath } from '../../runtime/host/shortPath.js'
import { optionalArgument, withDefault } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'

/** `pwoa-run init [DIR]` */
export const init = subcommand(
  {
    name: 'init',
    summary: 'writes a starter project, ready to run',
    description: 'Writes a starter project: package.json, tsconfig.json, and a pipeline file that is ready to run.',
  },
  {
    folder: withDefault(
      '.',
      optionalArgument('[DIR]', 'its folder, new or without such files (default: the working folder)'),
    ),
  },
  async ({ folder }) => {
    const { writeStarter } = await import('../../runtime/starter/writeStarter.js')
    return { text: drawStarter(folder, await writeStarter(folder)), code: 0 }
  },
)

/** The files that were written, and what to do next. */
const drawStarter = (folder: string, names: readonly string[]): string =>
  `${names.map((name) => `${shortPath(join(folder, name))}\n`).join('')}
Run it:                  pwoa-run ${shortPath(join(folder, 'pipeline.ts'))}
Types in your editor:    npm install, in ${shortPath(folder) === '.' ? 'this folder' : shortPath(folder)}
`
