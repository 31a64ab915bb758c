import type { Command } from 'commander'
import type { PwoaError } from '../../dsl/errors.js'
import { nearOf } from '../../dsl/kit/nearest.js'
import { shortPath } from '../../runtime/host/shortPath.js'
import type { Outcome } from '../arguments/outcome.js'
import { flag, optionalArgument, type Part } from '../arguments/part.js'
import { defaultCommand, drawSubcommand } from '../arguments/subcommand.js'
import { usageFailure } from '../arguments/usageFailure.js'
import { invocationParts } from './invocation.js'

const notes = `
Examples:
  pwoa-run quickstart                       a pipeline that comes with pwoa
  pwoa-run mine.ts                          a file of your own
  pwoa-run mnist --help                     the parameters of a pipeline
  pwoa-run mnist --plan --set rate=8        what a run would do
  pwoa-run mnist --data-dir data/mnist      a run, in a new folder under runs/
  pwoa-run mnist --ui                       a run, and a page that shows it live

Exit codes:
  0    done
  1    the run failed
  2    wrong usage, or an invalid pipeline, parameter or file
  130  interrupted, after the state was saved
`

/** Whether help was asked for, and the text of `pwoa-run --help`. */
const help: Part<{ readonly asked: boolean; readonly text: () => string }> = (command) => {
  const asked = flag('-h, --help', 'prints this text, or with FILE the parameters of that file')(command)
  command.configureHelp({
    visibleCommands: () => [...siblingsOf(command)],
    subcommandTerm: drawSubcommand,
  })
  return () => ({ asked: asked(), text: () => command.helpInformation() + notes })
}

const subcommands: Part<readonly string[]> = (command) => () => siblingsOf(command).map((other) => other.name())

const siblingsOf = (command: Command): readonly Command[] =>
  command.parent?.commands.filter((other) => other !== command) ?? []

/** If the file is missing and its name is near that of a subcommand or a shipped pipeline, asks if that was meant. */
const withHint = (outcome: Outcome, file: string, names: readonly string[]): Outcome => {
  // A file that the pipeline reads may be missing as well.
  if (!('error' in outcome) || outcome.error.stage !== shortPath(file) || !isMissing(outcome.error)) return outcome
  const hint = hintFor(file, names)
  return hint === undefined ? outcome : { error: { ...outcome.error, hint } }
}

/** A path such as `pipelines/mnist.ts` may be meant for the pipeline that comes with the package. */
const hintFor = (file: string, names: readonly string[]): string | undefined => {
  const [, base = ''] = /^(?:\.[\\/])?pipelines[\\/](\w+)\.ts$/.exec(file) ?? []
  if (names.includes(base)) return `The one that comes with pwoa is run by its name: pwoa-run ${base}`
  if (/[./\\]/.test(file)) return undefined
  const near = nearOf(file, names)
  return near === undefined ? 'pwoa-run list shows the pipelines that come with pwoa.' : `Did you mean ${near}?`
}

const isMissing = ({ cause }: PwoaError): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'

/** `pwoa-run FILE`. The command's name is what its usage line shows. */
export const pipelineFile = defaultCommand(
  {
    name: 'FILE',
    description: 'Runs a pipeline file: prunes a robust network and reports how robust it still is.',
  },
  {
    file: optionalArgument(
      '[FILE]',
      'a TypeScript or JavaScript file whose default export is a pipeline, or a name that pwoa-run list shows',
    ),
    ...invocationParts,
    help,
    subcommands,
    version: flag('-V, --version', 'prints the version'),
  },
  async ({ file, help: { asked, text }, version, subcommands, ...invocation }) => {
    if (version) {
      const { ownVersion } = await import('../../runtime/host/ownPackage.js')
      return { text: `${ownVersion()}\n`, code: 0 }
    }
    if (file === undefined && asked) return { text: text(), code: 0 }
    if (file === undefined)
      throw usageFailure({
        stage: 'arguments',
        expected: 'a pipeline file',
        actual: 'none',
        hint: 'pwoa-run --help shows examples.',
      })
    const { pipelineFileOf, shippedNames } = await import('../../runtime/starter/shippedPipelines.js')
    const { helpOfFile, runFile } = await import('./runFile.js')
    const one = { file: await pipelineFileOf(file), named: file }
    const outcome = await (asked ? helpOfFile(one) : runFile({ ...one, ...invocation }))
    return withHint(outcome, file, [...subcommands, ...(await shippedNames())])
  },
)
