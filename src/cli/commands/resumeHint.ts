import type { PwoaError } from '../../dsl/errors.js'
import type { CheckpointOptions } from '../../dsl/pipeline/run.js'
import { shortPath } from '../../runtime/host/shortPath.js'
import type { Invocation } from './invocation.js'

/** Adds to the error of an interrupted run the command that resumes it: the same one, with the run's folder. */
export const withResumeHint = (error: PwoaError, folder: string, invocation: Invocation): PwoaError =>
  error._tag === 'InterruptedError'
    ? { ...error, hint: `resume with: ${commandOf(invocation, folder).join(' ')}` }
    : error

const commandOf = (
  { file, values, options, workers, attempts, queue, pipelines }: Invocation,
  folder: string,
): readonly string[] => [
  'pwoa-run',
  quoted(file),
  ...Object.entries(values).flatMap(([key, value]) => ['--set', quoted(`${key}=${value}`)]),
  ...optionOf('--data-dir', options.dataDir),
  ...optionOf('--engine', options.engine),
  ...optionOf('--seed', options.seed),
  ...optionOf('--checkpoint-every', intervalOf(options.checkpoints)),
  ...optionOf('--keep-checkpoints', options.checkpoints?.keep),
  ...optionOf('--workers', workers),
  ...optionOf('--attempts', attempts),
  ...(queue === true ? ['--queue'] : optionOf('--queue', queue)),
  ...optionOf('--pipelines', pipelines),
  '--resume',
  quoted(shortPath(folder)),
]

const intervalOf = (checkpoints: CheckpointOptions | undefined): string | number | undefined =>
  checkpoints?.everySeconds === undefined ? checkpoints?.everySteps : `${checkpoints.everySeconds}s`

const optionOf = (name: string, value: string | number | undefined): readonly string[] =>
  value === undefined ? [] : [name, quoted(String(value))]

/** A word quoted for a shell, if that is needed. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
