import type { Command, CommanderError } from 'commander'
import { distance } from 'fastest-levenshtein'
import { PwoaFailure, type UsageError } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import { nearestOf } from '../../dsl/kit/nearest.js'

/** Wrong usage, to be thrown. */
export const usageFailure = (error: Omit<UsageError, '_tag'>): PwoaFailure =>
  new PwoaFailure({ _tag: 'UsageError', ...error })

/** What commander refuses, as a `UsageError` with the nearest option or the command that lists them. */
export const refusedUsage = (command: Command, caller: string, { code, message }: CommanderError): PwoaFailure => {
  const quoted = /'([^']+)'/.exec(message)?.[1] ?? ''
  const refused = refusals[code]?.(command, quoted, caller)
  return usageFailure({
    stage: 'arguments',
    expected: 'a valid command line',
    actual: message.replace(/^error: /, ''),
    hint: `${caller} --help lists all options.`,
    ...refused,
  })
}

/** @param quoted what commander's message quotes: an option or an argument, as it was declared or as it was given */
type Refusal = (command: Command, quoted: string, caller: string) => Partial<UsageError>

/** The error of each of commander's codes. */
const refusals: Readonly<Record<string, Refusal>> = {
  'commander.unknownOption': (command, quoted, caller) => {
    const [name = ''] = quoted.split('=')
    const near = nearOption(name, command)
    return { expected: `an option that ${caller} --help lists`, actual: name, ...given({ hint: near }) }
  },
  'commander.optionMissingArgument': (_, quoted) => ({
    stage: quoted.replace(/ .*/, ''),
    expected: 'a value after it',
    actual: 'nothing',
  }),
  'commander.missingMandatoryOptionValue': (_, quoted) => ({ expected: quoted, actual: 'none' }),
  'commander.missingArgument': ({ registeredArguments: [first] }) => ({
    ...given({ expected: first?.description }),
    actual: 'none',
  }),
  'commander.excessArguments': ({ registeredArguments: [first], args }) =>
    first
      ? { expected: `one ${nouns[first.name()] ?? 'argument'}`, actual: 'more than one' }
      : { expected: 'no arguments', actual: args.join(' ') },
}

/** What the arguments of commands stand for. */
const nouns: Readonly<Record<string, string>> = { FILE: 'pipeline file', DIR: 'folder' }

/** Options further away than this many letters are not suggested. */
const nearEnough = 3

const nearOption = (name: string, { options }: Command): string | undefined => {
  const known = options.flatMap(({ long }) => long ?? [])
  const near = nearestOf(
    name,
    known.filter((other) => distance(name, other) <= nearEnough),
  )
  return near && `Did you mean ${near}?`
}
