import { shortPath } from '../../runtime/host/shortPath.js'
import { argument } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'

/** `pwoa-run report DIR` */
export const report = subcommand(
  {
    name: 'report',
    summary: 'writes report.html into a run folder',
    description: 'Writes report.html into the folder of a run, a comparison or a sweep, finished or interrupted.',
  },
  { folder: argument('<DIR>', 'the folder of a run, a comparison or a sweep') },
  async ({ folder }) => {
    const { writeReport } = await import('../../runtime/records/writeReport.js')
    return { text: `${shortPath(await writeReport(folder))}\n`, code: 0 }
  },
)
