import { Command, CommanderError } from 'commander'
import type { CheckpointOptions, RunOptions } from '../dsl/run.js'
import { addressOf, loopback } from './addressOf.js'
import type { Arguments, Invocation } from './invocation.js'
import { misunderstood } from './misunderstood.js'
import { assignment, countOf, engineOf, failure, folderOf, intervalOf, seedOf } from './optionReaders.js'
import type { Address } from './word.js'

interface Flags {
  readonly set?: Readonly<Record<string, string>>
  readonly dataDir?: string
  readonly out?: string
  readonly engine?: NonNullable<RunOptions['engine']>
  readonly seed?: number
  readonly resume?: string
  readonly checkpointEvery?: CheckpointOptions
  readonly keepCheckpoints?: number
  readonly workers?: number
  readonly attempts?: number
  readonly queue?: string | true
  readonly pipelines?: string
  readonly plan?: true
  readonly profile?: true
  readonly ui?: true
  readonly uiAt?: Address
  readonly json?: true
  readonly quiet?: true
  readonly trace?: true
  readonly help?: true
  readonly version?: true
}

const examples = `
Examples:
  pwoa-run pipelines/mnist.ts --help                     the parameters of a file
  pwoa-run pipelines/mnist.ts --plan --set rate=8        what would be done
  pwoa-run pipelines/mnist.ts --data-dir data/mnist      a run, in a folder of its own under runs/
  pwoa-run pipelines/mnist.ts --ui                       a run, and a page that shows it

Words instead of a file, each with --help:
  pwoa-run init [DIR]                                    a starter project, which runs at once
  pwoa-run doctor                                        what is installed, and what is missing
  pwoa-run report DIR                                    writes report.html into a run folder
  pwoa-run ui DIR                                        a page of a run, or of all of a sweep
  pwoa-run tensorboard DIR                               event files of runs, for TensorBoard
  pwoa-run worker --pipelines DIR --runs DIR             runs points of sweeps from a queue

Exit codes: 0 done; 1 the run failed; 2 wrong usage or an invalid pipeline, parameter or file;
            130 interrupted, after the state was saved
`

const makeCommand = (): Command =>
  new Command('pwoa-run')
    .description('Runs a pipeline file: prunes a robust network and tells how robust it still is.')
    .usage('FILE [options]')
    .argument('[FILE]', 'a TypeScript or JavaScript file whose default export is a pipeline')
    .option('--set <key=value>', 'sets a parameter of the file; may be repeated', assignment)
    .option('--data-dir <dir>', 'the folder of the data set')
    .option(
      '--out <dir>',
      'the run folder, new or empty (default: runs/<name>-<time>); the same one again goes on with a sweep',
      folderOf('--out'),
    )
    .option('--engine <name>', 'auto, tensorflow or wasm (default: auto, the best that loads)', engineOf)
    .option('--seed <n>', 'the seed of all random numbers (default: 0)', seedOf)
    .option('--resume <dir>', 'goes on with an interrupted run from its folder', folderOf('--resume'))
    .option('--checkpoint-every <n>', 'training steps (500) or seconds (30s) between two checkpoints', intervalOf)
    .option('--keep-checkpoints <n>', 'how many are kept (default: 2)', countOf('--keep-checkpoints'))
    .option('--workers <n>', 'points of a sweep at a time (default: 1)', countOf('--workers'))
    .option('--attempts <n>', 'how often a point that crashes is begun (default: 3)', countOf('--attempts'))
    .option('--queue [url]', 'workers elsewhere run the points of a sweep (redis://host:6379, or PWOA_QUEUE)')
    .option('--pipelines <dir>', "with --queue: what the workers' folder of pipelines is here (default: the file's)")
    .option('--plan', 'prints the stages and what they will do, and does nothing')
    .option('--profile', 'tells where the time of a training step goes, and writes trace.json')
    .option('--ui', 'serves a page that shows the run as it goes')
    .option('--ui-at <host:port>', 'the same, at this address (default: 127.0.0.1 and a free port)', addressOf)
    .option('--json', 'prints one line of JSON instead of a table')
    .option('--quiet', 'no progress')
    .option('--trace', 'shows where an error comes from')
    .option('-h, --help', 'this text, or with FILE the parameters of that file')
    .option('-V, --version', 'the version')
    .helpOption(false)
    .addHelpText('after', examples)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined, getOutHelpWidth: () => 80 })

/** Reads the command line. Throws a `UsageError` for what can't be understood, with the nearest option there is. */
export const parseArguments = (argv: readonly string[]): Arguments => {
  const command = makeCommand()
  try {
    command.parse(argv, { from: 'user' })
  } catch (thrown) {
    throw thrown instanceof CommanderError ? misunderstood(command, thrown) : thrown
  }
  const flags = command.opts<Flags>()
  return {
    ask: askOf(command.args[0], flags),
    trace: flags.trace ? 'shown' : 'hidden',
    help: command.helpInformation() + examples,
  }
}

const askOf = (file: string | undefined, flags: Flags): Arguments['ask'] => {
  if (flags.version) return 'version'
  if (file !== undefined) return invocationOf(file, flags)
  if (flags.help) return 'help'
  throw failure({
    stage: 'arguments',
    expected: 'a pipeline file',
    actual: 'none',
    hint: 'pwoa-run --help tells more.',
  })
}

const invocationOf = (file: string, flags: Flags): Invocation => {
  const { set = {}, dataDir, out, engine, seed, resume, profile, checkpointEvery, keepCheckpoints: keep } = flags
  const page = flags.uiAt ?? (flags.ui ? loopback : undefined)
  return {
    file,
    task: flags.help ? 'help' : flags.plan ? 'plan' : 'run',
    values: set,
    page,
    options: {
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(out === undefined ? {} : { out }),
      ...(engine === undefined ? {} : { engine }),
      ...(seed === undefined ? {} : { seed }),
      ...(resume === undefined ? {} : { resume }),
      ...(checkpointEvery === undefined && keep === undefined
        ? {}
        : { checkpoints: { ...checkpointEvery, ...(keep === undefined ? {} : { keep }) } }),
      ...(profile === undefined ? {} : { profile: 'steps' }),
    },
    workers: flags.workers,
    attempts: flags.attempts,
    queue: flags.queue,
    pipelines: flags.pipelines,
    output: flags.json ? 'json' : 'table',
    volume: flags.quiet ? 'quiet' : 'normal',
  }
}
