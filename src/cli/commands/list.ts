import type { ShippedPipeline } from '../../runtime/starter/shippedPipelines.js'
import { subcommand } from '../arguments/subcommand.js'
import { type Colors, colorsFor, lineWidth } from '../draw/terminal.js'
import { wrapText } from '../draw/text.js'

/** `pwoa-run list` */
export const list = subcommand(
  {
    name: 'list',
    summary: 'lists the pipelines that come with pwoa',
    description: 'Lists the pipeline files that come with pwoa. Each is run by its name, such as pwoa-run quickstart.',
  },
  {},
  async () => {
    const { shippedPipelines } = await import('../../runtime/starter/shippedPipelines.js')
    const text = drawList(await shippedPipelines(), lineWidth(process.stdout), colorsFor(process.stdout))
    return { text, code: 0 }
  },
)

/** The pipelines, a paragraph each, and what to do with them. */
const drawList = (pipelines: readonly ShippedPipeline[], width: number, colors: Colors): string => {
  const column = Math.max(...pipelines.map(({ name }) => name.length)) + 2
  const rows = pipelines.map(({ name, about }) => {
    const text = wrapText(about, width - column).join(`\n${' '.repeat(column)}`)
    return `${colors.cyan(name)}${' '.repeat(column - name.length)}${text}\n`
  })
  return `${rows.join('')}
Run one:          pwoa-run quickstart
Its parameters:   pwoa-run quickstart --help
A copy to edit:   pwoa-run copy quickstart
`
}
