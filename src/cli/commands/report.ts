import { shortPath } from '../../runtime/host/shortPath.js'
import { argument } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'

/** `pwoa-run report DIR` */
export const report = subcommand(
  {
    name: 'report',
    summary: 'writes report.html into a run folder',
    description: 'Writes report.html into the folder of a finished or an interrupted run.',
  },
  { folder: argument('<DIR>', 'the folder of a run') },
  async ({ folder }) => {
    const { writeReport } = await import('../../runtime/records/writeReport.js')
    return { text: `${shortPath(await writeReport(folder))}\n`, code: 0 }
  },
)
