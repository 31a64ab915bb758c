import { Command, CommanderError } from 'commander'
import { addressOf, loopback } from './addressOf.js'
import { misunderstood } from './misunderstood.js'
import { failure } from './optionReaders.js'
import { withWorkerOptions, workerWord } from './parseWorker.js'
import type { Address, Word } from './word.js'

/** What a command line that begins with a word asks for, or the word's help; undefined for any other command line. */
export const parseWord = (argv: readonly string[]): Word | { readonly help: string } | undefined => {
  const [first = '', ...rest] = argv
  const make = Object.hasOwn(words, first) ? words[first as keyof typeof words] : undefined
  if (!make) return undefined
  const { command, read } = make()
  try {
    command.parse(rest, { from: 'user' })
  } catch (thrown) {
    throw thrown instanceof CommanderError ? misunderstood(command, thrown) : thrown
  }
  return command.opts<{ readonly help?: true }>().help ? { help: command.helpInformation() } : read()
}

const plain = (name: string): Command =>
  new Command(`pwoa-run ${name}`)
    .option('--trace', 'shows where an error comes from')
    .option('-h, --help', 'this text')
    .helpOption(false)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined, getOutHelpWidth: () => 80 })

const folderOf = (command: Command): string => {
  const [folder] = command.args
  if (folder !== undefined) return folder
  throw failure({
    stage: 'arguments',
    expected: 'the folder of a run',
    actual: 'none',
    hint: `${command.name()} --help tells more.`,
  })
}

const words = {
  doctor: () => {
    const command = plain('doctor')
      .description('Tells what a run would find here: engine, machine, tools, data; and what to do about a shortfall.')
      .option('--data-dir <dir>', 'looks for data there (default: the cache folder)')
      .option('--json', 'one line of JSON instead')
    const read = (): Word => {
      const { dataDir, json } = command.opts<{ readonly dataDir?: string; readonly json?: true }>()
      return { word: 'doctor', dataDir, output: json ? 'json' : 'table' }
    }
    return { command, read }
  },
  init: () => {
    const command = plain('init')
      .description('Writes a starter project: package.json, tsconfig.json, and a pipeline file that runs at once.')
      .argument('[DIR]', 'its folder, new or without such files (default: the working folder)')
    return { command, read: (): Word => ({ word: 'init', folder: command.args[0] ?? '.' }) }
  },
  report: () => {
    const command = plain('report')
      .description('Writes report.html into a run folder, of a finished or an interrupted run.')
      .argument('[DIR]', 'the run folder')
    return { command, read: (): Word => ({ word: 'report', folder: folderOf(command) }) }
  },
  tensorboard: () => {
    const command = plain('tensorboard')
      .description('Writes event files of a run folder, or of all in a folder, for tensorboard --logdir.')
      .argument('[DIR]', 'the run folder, or one with run folders in it')
      .option('--out <dir>', 'where to (default: tensorboard, in DIR)')
    const read = (): Word => {
      const { out } = command.opts<{ readonly out?: string }>()
      return { word: 'tensorboard', folder: folderOf(command), out }
    }
    return { command, read }
  },
  ui: () => {
    const command = plain('ui')
      .description('Serves the page of a run folder, or that of a comparison or a sweep, until it is interrupted.')
      .argument('[DIR]', 'the run folder')
      .option('--ui-at <host:port>', 'where (default: 127.0.0.1 and a free port)', addressOf)
    const read = (): Word => ({
      word: 'ui',
      folder: folderOf(command),
      at: command.opts<{ readonly uiAt?: Address }>().uiAt ?? loopback,
    })
    return { command, read }
  },
  worker: () => {
    const command = withWorkerOptions(plain('worker').usage('--pipelines DIR --runs DIR [options]'))
    return { command, read: (): Word => workerWord(command.opts()) }
  },
} as const
