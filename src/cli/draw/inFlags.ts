import type { PwoaError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'

/** The options of a run as the command line writes them. */
const flags: ReadonlyMap<string, string> = new Map([
  ['dataDir', '--data-dir'],
  ['out', '--out'],
  ['engine', '--engine'],
  ['seed', '--seed'],
  ['resume', '--resume'],
  ['resumeOn', '--resume-on'],
  ['checkpoints', '--checkpoint-every'],
  ['profile', '--profile'],
  ['log', '--log'],
])

/** Whether the stage of an error is an option of the run. */
export const isRunOption = (stage: string): boolean => flags.has(stage)

/** The stage of an error or a warning, as this command line names it. */
export const stageInFlags = (stage: string): string => flags.get(stage) ?? stage

/**
 * A sentence in which options of a run are named as code names them (`the option dataDir`, `the option engine: "wasm"`),
 * with the flags of the command line.
 */
export const inFlags = (text: string): string =>
  text.replace(/the option (\w+)(?:: ("(?:[^"\\]|\\.)*"))?/g, (found, name: string, value: string | undefined) => {
    const flag = flags.get(name)
    if (flag === undefined) return found
    return value === undefined ? flag : `${flag} ${JSON.parse(value)}`
  })

/** An error of a run, for those who started it by a command line. */
export const errorInFlags = (error: PwoaError): PwoaError => ({
  ...error,
  stage: stageInFlags(error.stage),
  expected: inFlags(error.expected),
  actual: inFlags(error.actual),
  ...given({ hint: error.hint === undefined ? undefined : inFlags(error.hint) }),
})
