import { Command, CommanderError } from 'commander'
import type { Request } from './arguments/subcommand.js'
import { cite } from './commands/cite.js'
import { classify } from './commands/classify.js'
import { copy } from './commands/copy.js'
import { doctor } from './commands/doctor.js'
import { init } from './commands/init.js'
import { inspect } from './commands/inspect.js'
import { list } from './commands/list.js'
import { pipelineFile } from './commands/pipelineFile.js'
import { queue } from './commands/queue/queue.js'
import { worker } from './commands/queue/worker.js'
import { report } from './commands/report.js'
import { results } from './commands/results.js'
import { tensorboard } from './commands/tensorboard.js'
import { ui } from './commands/ui.js'

/** The width of help texts, in characters. */
const helpWidth = 80

/** The subcommands in the order in which `--help` lists them, after the command that runs a pipeline file. */
const commands = [
  pipelineFile,
  list,
  copy,
  init,
  inspect,
  classify,
  doctor,
  report,
  results,
  ui,
  tensorboard,
  cite,
  worker,
  queue,
]

/**
 * Reads a command line.
 *
 * @throws UsageError for an unknown option, with the nearest known one as a hint, and for a wrong value or argument
 */
export const parseArguments = (argv: readonly string[]): Request => {
  const requests: Request[] = []
  const program = new Command('pwoa-run')
    .helpOption(false)
    .helpCommand(false)
    // A subcommand is only the first argument: `pwoa-run file.ts report` is not one.
    .enablePositionalOptions()
    .configureOutput({ writeErr: () => undefined, getOutHelpWidth: () => helpWidth })
    .commandsGroup('Subcommands, each with --help:')
  for (const add of commands) add(program, (request) => void requests.push(request))
  try {
    program.parse(argv, { from: 'user' })
  } catch (thrown) {
    // With this exit code it has printed its help, which is then the request.
    if (!(thrown instanceof CommanderError && thrown.exitCode === 0)) throw thrown
  }
  const [request] = requests
  if (!request) throw new Error(`no command for ${argv.join(' ')}`)
  return request
}
