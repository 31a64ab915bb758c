import { Command, CommanderError } from 'commander'
import type { CheckpointOptions } from '../dsl/run.js'
import type { Arguments, WorkerInvocation } from './invocation.js'
import { countOf, failure, intervalOf, misunderstood } from './optionReaders.js'

interface Flags {
  readonly queue?: string | true
  readonly pipelines?: string
  readonly runs?: string
  readonly workers?: number
  readonly lease?: number
  readonly dataDir?: string
  readonly checkpointEvery?: CheckpointOptions
  readonly trace?: true
  readonly help?: true
}

const makeCommand = (): Command =>
  new Command('pwoa-run worker')
    .description('Runs points of sweeps that pwoa-run FILE --queue has put into a queue.')
    .usage('--pipelines DIR --runs DIR [options]')
    .option('--queue [url]', 'redis://host:6379 or rediss://…; one with a password goes into PWOA_QUEUE')
    .option('--pipelines <dir>', 'the folder of pipeline files: nothing outside it is ever run')
    .option('--runs <dir>', 'the folder of sweeps, which all machines share')
    .option('--workers <n>', 'points at a time (default: 1)', countOf('--workers'))
    .option(
      '--lease <s>',
      'seconds after which others take over from a worker not heard of (default: 30)',
      countOf('--lease'),
    )
    .option('--data-dir <dir>', 'the folder of the data set')
    .option('--checkpoint-every <n>', 'training steps (500) or seconds (30s) between two checkpoints', intervalOf)
    .option('--trace', 'shows where an error comes from')
    .option('-h, --help', 'this text')
    .helpOption(false)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined, getOutHelpWidth: () => 80 })

/** Reads what follows `pwoa-run worker`. Throws a `UsageError` for what can't be understood. */
export const parseWorker = (argv: readonly string[]): Arguments => {
  const command = makeCommand()
  try {
    command.parse(argv, { from: 'user' })
  } catch (thrown) {
    throw thrown instanceof CommanderError ? misunderstood(command, thrown) : thrown
  }
  const flags = command.opts<Flags>()
  const help = command.helpInformation()
  return { ask: flags.help ? 'help' : invocationOf(flags), trace: flags.trace ? 'shown' : 'hidden', help }
}

const invocationOf = ({
  queue,
  pipelines,
  runs,
  workers = 1,
  lease = 30,
  dataDir,
  checkpointEvery,
}: Flags): WorkerInvocation => ({
  task: 'worker',
  queue,
  pipelines: required('--pipelines', pipelines),
  runs: required('--runs', runs),
  workers,
  lease,
  dataDir,
  checkpoints: checkpointEvery,
})

const required = (option: string, folder: string | undefined): string => {
  if (folder !== undefined) return folder
  throw failure({ stage: option, expected: 'a folder', actual: 'none', hint: 'pwoa-run worker --help tells more.' })
}
