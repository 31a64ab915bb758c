import { type PwoaError, PwoaFailure } from '../../dsl/errors.js'
import { CalledAt } from '../../dsl/kit/calledAt.js'
import { shellWord } from '../../dsl/kit/shellWord.js'
import type { CheckpointOptions } from '../../dsl/pipeline/run.js'
import { hasCheckpoint } from '../../runtime/checkpoints/checkpointFolder.js'
import { hasPlan } from '../../runtime/folder/planFile.js'
import { shortPath } from '../../runtime/host/shortPath.js'
import { isRunOption } from '../draw/inFlags.js'
import type { Invocation } from './invocation.js'

/**
 * Adds the command that resumes the run to an error after which a run can go on: the same command, with the run's folder.
 * That is an interruption, and a full disk or an exception if there is a checkpoint to resume from.
 */
export const withResumeHint = (error: PwoaError, folder: string, invocation: Invocation): PwoaError => {
  const command = canGoOn(error, folder) ? resumeCommand(invocation, folder) : undefined
  if (command === undefined) return error
  const before = error._tag === 'InterruptedError' || error.hint === undefined ? '' : `${error.hint}\n`
  return { ...error, hint: `${before}resume with: ${command}` }
}

const canGoOn = (error: PwoaError, folder: string): boolean => {
  if (error._tag === 'InterruptedError') return true
  // Errors of options come before the run.
  if (isRunOption(error.stage)) return false
  const mayPass = error._tag === 'WriteError' || (error._tag === 'RunError' && isOfUserCode(error.cause))
  return mayPass && hasCheckpoint(folder)
}

/** Whether an error is an exception: mistakes in the pipeline have other causes, or none, and stay after a resume. */
const isOfUserCode = (cause: unknown): boolean =>
  cause instanceof Error && !(cause instanceof CalledAt) && !(cause instanceof PwoaFailure)

/** The command that resumes a run; undefined for one that has not got as far as to have a plan. */
export const resumeCommand = (invocation: Invocation, folder: string): string | undefined =>
  hasPlan(folder) ? commandOf(invocation, folder).join(' ') : undefined

const commandOf = (
  {
    named,
    values,
    options,
    workers,
    gpus,
    attempts,
    pointTimeout,
    progressTimeout,
    queue,
    pipelines,
    runs,
    priority,
  }: Invocation,
  folder: string,
): readonly string[] => [
  'pwoa-run',
  shellWord(named),
  ...Object.entries(values).flatMap(([key, value]) => ['--set', shellWord(`${key}=${value}`)]),
  ...optionOf('--data-dir', options.dataDir),
  ...optionOf('--engine', options.engine),
  ...optionOf('--seed', options.seed),
  ...optionOf('--resume-on', options.resumeOn),
  ...(options.trial === undefined ? [] : ['--quick']),
  ...optionOf('--checkpoint-every', intervalOf(options.checkpoints)),
  ...optionOf('--keep-checkpoints', options.checkpoints?.keep),
  ...(options.log ?? []).flatMap((to) => optionOf('--log', to)),
  ...optionOf('--workers', workers),
  ...optionOf('--gpus', gpus?.join(',')),
  ...optionOf('--attempts', attempts),
  ...optionOf('--point-timeout', pointTimeout),
  ...optionOf('--progress-timeout', progressTimeout),
  ...(queue === true ? ['--queue'] : optionOf('--queue', queue)),
  ...optionOf('--pipelines', pipelines),
  ...optionOf('--runs', runs),
  ...optionOf('--priority', priority),
  '--resume',
  shellWord(shortPath(folder)),
]

const intervalOf = (checkpoints: CheckpointOptions | undefined): string | number | undefined =>
  checkpoints?.everySeconds === undefined ? checkpoints?.everySteps : `${checkpoints.everySeconds}s`

const optionOf = (name: string, value: string | number | undefined): readonly string[] =>
  value === undefined ? [] : [name, shellWord(String(value))]
