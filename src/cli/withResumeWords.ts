import type { PwoaError } from '../dsl/errors.js'
import type { CheckpointOptions } from '../dsl/run.js'
import { shortPath } from '../runtime/host/shortPath.js'
import type { Invocation } from './invocation.js'

/** Puts the words that resume an interrupted run into its error: the same command, with its folder. */
export const withResumeWords = (error: PwoaError, folder: string, invocation: Invocation): PwoaError =>
  error._tag === 'InterruptedError'
    ? { ...error, hint: `resume with: ${wordsOf(invocation, folder).join(' ')}` }
    : error

const wordsOf = (
  { file, values, options, workers, attempts, queue, pipelines }: Invocation,
  folder: string,
): string[] => [
  'pwoa-run',
  quoted(file),
  ...Object.entries(values).flatMap(([key, value]) => ['--set', quoted(`${key}=${value}`)]),
  ...flag('--data-dir', options.dataDir),
  ...flag('--engine', options.engine),
  ...flag('--seed', options.seed),
  ...flag('--checkpoint-every', intervalOf(options.checkpoints)),
  ...flag('--keep-checkpoints', options.checkpoints?.keep),
  ...flag('--workers', workers),
  ...flag('--attempts', attempts),
  ...(queue === true ? ['--queue'] : flag('--queue', queue)),
  ...flag('--pipelines', pipelines),
  '--resume',
  quoted(shortPath(folder)),
]

const intervalOf = (checkpoints: CheckpointOptions | undefined): string | number | undefined =>
  checkpoints?.everySeconds === undefined ? checkpoints?.everySteps : `${checkpoints.everySeconds}s`

const flag = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [name, quoted(String(value))]

/** Fit for a shell. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
