import { shortPath } from '../../runtime/host/shortPath.js'
import { argument, textOption } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'

/** `pwoa-run tensorboard DIR` */
export const tensorboard = subcommand(
  {
    name: 'tensorboard',
    summary: 'writes event files of runs, for TensorBoard',
    description: 'Writes event files of one run, or of all runs in a folder, for tensorboard --logdir.',
  },
  {
    folder: argument('<DIR>', 'the folder of a run, or a folder of several runs'),
    out: textOption('--out <dir>', 'the folder for the event files (default: tensorboard, in DIR)'),
  },
  async ({ folder, out }) => {
    const { writeTensorboard } = await import('../../runtime/tensorboard/writeTensorboard.js')
    return { text: (await writeTensorboard(folder, out)).map((file) => `${shortPath(file)}\n`).join(''), code: 0 }
  },
)
