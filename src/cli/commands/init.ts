import { join } from 'node:path'
import { nearOf } from '../../dsl/kit/nearest.js'
import { shortPath } from '../../runtime/host/shortPath.js'
import { type TemplateName, templateNames, templates } from '../../runtime/starter/templates.js'
import { option, optionalArgument, withDefault } from '../arguments/part.js'
import { subcommand } from '../arguments/subcommand.js'
import { usageFailure } from '../arguments/usageFailure.js'

const templateOf = (text: string): TemplateName => {
  const found = templateNames.find((name) => name === text)
  if (found !== undefined) return found
  const near = nearOf(text, templateNames)
  throw usageFailure({
    stage: '--template',
    expected: `one of ${templateNames.join(', ')}`,
    actual: `"${text}"`,
    ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
  })
}

/** `pwoa-run init [DIR]` */
export const init = subcommand(
  {
    name: 'init',
    summary: 'writes a starter project, ready to run',
    description: `Writes a starter project with a pipeline file, a test and a README, ready to run. Templates: ${Object.entries(
      templates,
    )
      .map(([name, about]) => `${name} (${about})`)
      .join(', ')}.`,
  },
  {
    folder: withDefault(
      '.',
      optionalArgument('[DIR]', 'its folder, new or without such files (default: the working folder)'),
    ),
    template: withDefault(
      'quickstart',
      option('--template <name>', `${templateNames.join(', ')} (default: quickstart)`, templateOf),
    ),
  },
  async ({ folder, template }) => {
    const { writeStarter } = await import('../../runtime/starter/writeStarter.js')
    return { text: drawStarter(folder, await writeStarter(folder, template)), code: 0 }
  },
)

/** The files that were written, and what to do next. */
const drawStarter = (folder: string, names: readonly string[]): string => {
  const place = shortPath(folder)
  const steps = [
    ...(place === '.' ? [] : [`cd ${/\s/.test(place) ? `'${place}'` : place}`]),
    'npm install',
    'npm start',
  ]
  return `${names.map((name) => `${shortPath(join(folder, name))}\n`).join('')}
Run it:              ${steps.join(' && ')}
Or without install:  pwoa-run ${shortPath(join(folder, 'pipeline.ts'))} --quick
`
}
