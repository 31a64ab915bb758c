import { addressOf, loopback } from '../arguments/optionReaders.js'
import { argument, option, withDefault } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'

/** `pwoa-run ui DIR` */
export const ui = subcommand(
  {
    name: 'ui',
    summary: 'serves a page about a run, a comparison or a sweep',
    description: 'Serves a page about a run, a comparison or a sweep until it is interrupted.',
  },
  {
    folder: argument('<DIR>', 'the folder of a run, a comparison or a sweep'),
    at: withDefault(
      loopback,
      option('--ui-at <host:port>', 'the address (default: 127.0.0.1 and any free port)', addressOf),
    ),
  },
  async ({ folder, at }) => {
    const { serveFolder } = await import('./serveFolder.js')
    await serveFolder(folder, at)
    return { text: '', code: 0 }
  },
)
