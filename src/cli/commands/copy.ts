import { join } from 'node:path'
import { shortPath } from '../../runtime/host/shortPath.js'
import { argument, optionalArgument, withDefault } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'

/** `pwoa-run copy NAME [DIR]` */
export const copy = subcommand(
  {
    name: 'copy',
    summary: 'copies a pipeline that comes with pwoa, to edit it',
    description:
      'Copies a pipeline file that comes with pwoa, and the files that it needs. It overwrites no file. pwoa-run list shows the names.',
  },
  {
    name: argument('<NAME>', 'a pipeline that pwoa-run list shows'),
    folder: withDefault('.', optionalArgument('[DIR]', 'where to (default: the working folder)')),
  },
  async ({ name, folder }) => {
    const { copyPipeline } = await import('../../runtime/starter/copyPipeline.js')
    const copies = await copyPipeline(name, folder)
    const paths = copies.map((file) => shortPath(join(folder, file)))
    return { text: `${paths.join('\n')}\n\nRun it:  pwoa-run ${paths[0]}\n`, code: 0 }
  },
)
