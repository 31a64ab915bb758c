import type { Command } from 'commander'
import type { CheckpointOptions } from '../dsl/run.js'
import { countOf, failure, intervalOf } from './optionReaders.js'
import type { WorkerWord } from './word.js'

interface Flags {
  readonly queue?: string | true
  readonly pipelines?: string
  readonly runs?: string
  readonly workers?: number
  readonly lease?: number
  readonly dataDir?: string
  readonly checkpointEvery?: CheckpointOptions
}

/** Gives a command the options of `pwoa-run worker`. */
export const withWorkerOptions = (command: Command): Command =>
  command
    .description('Runs points of sweeps that pwoa-run FILE --queue has put into a queue.')
    .option('--queue [url]', 'redis://host:6379 or rediss://…; one with a password goes into PWOA_QUEUE')
    .option('--pipelines <dir>', 'the folder of pipeline files: nothing outside it is ever run')
    .option('--runs <place>', 'where all machines keep sweeps: a shared folder, or s3://bucket/prefix')
    .option('--workers <n>', 'points at a time (default: 1)', countOf('--workers'))
    .option(
      '--lease <s>',
      'seconds after which others take over from a worker not heard of (default: 30)',
      countOf('--lease'),
    )
    .option('--data-dir <dir>', 'the folder of the data set')
    .option('--checkpoint-every <n>', 'training steps (500) or seconds (30s) between two checkpoints', intervalOf)

/** What they ask for. Throws a `UsageError` where a folder is missing. */
export const workerWord = ({
  queue,
  pipelines,
  runs,
  workers = 1,
  lease = 30,
  dataDir,
  checkpointEvery,
}: Flags): WorkerWord => ({
  word: 'worker',
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
