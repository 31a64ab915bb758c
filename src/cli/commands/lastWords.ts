import { releaseLocks } from '../../runtime/folder/folderLock.js'
import { failIdle, handToRun } from '../../runtime/run/unhandledErrors.js'
import { exitCodes } from '../arguments/outcome.js'
import { letTake } from '../show/onUncaught.js'
import { print } from '../show/print.js'
import type { Invocation } from './invocation.js'
import { resumeCommand } from './resumeHint.js'

/**
 * Looks after a run for which this process exists. What nothing catches goes to the run. If the process ends before it,
 * by a `process.exit` of the user's code or a second interruption, the folder is unlocked, and the last words say how to
 * resume. Returns the function to call at the run's end.
 *
 * @param name the pipeline's, the comparison's or the sweep's
 */
export const haveLastWords = (name: string, folder: string, invocation: Invocation): (() => void) => {
  const onExit = (code: number): void => {
    releaseLocks()
    const command = resumeCommand(invocation, folder)
    const hint = command === undefined ? '' : `\n  resume with: ${command}`
    void print(process.stderr, `pwoa-run: ${name}: the process ended before the run, with exit code ${code}${hint}\n`)
    if (code === 0) process.exitCode = exitCodes.RunError
  }
  letTake(handToRun)
  process.on('beforeExit', failIdle).on('exit', onExit)
  return () => void process.off('beforeExit', failIdle).off('exit', onExit)
}
