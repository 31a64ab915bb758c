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
    const hint = [nearOption(name, command), setHint(quoted, command)].flatMap((line) => line ?? []).join('\n')
    return { expected: `an option that ${caller} --help lists`, actual: name, ...(hint === '' ? {} : { hint }) }
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
  'commander.excessArguments': (command) => {
    const { registeredArguments, args } = command
    const [first] = registeredArguments
    if (!first) return { expected: 'no arguments', actual: args.join(' ') }
    const hint = misplacedHint(command)
    return {
      expected: `one ${nouns[first.name()] ?? 'argument'}`,
      actual: 'more than one',
      ...(hint === undefined ? {} : { hint }),
    }
  },
}

/** What was probably meant by several words: a misspelt subcommand with its argument, or a parameter without `--set`. */
const misplacedHint = ({ args, parent, options }: Command): string | undefined => {
  const [first = '', ...others] = args
  if (options.every(({ long }) => long !== '--set')) return undefined
  const assigned = others.find((word) => /^[a-zA-Z]\w*=/.test(word))
  if (assigned !== undefined) return `A parameter of the pipeline is set by --set ${assigned}`
  const near = nearestOf(first, parent?.commands.map((one) => one.name()) ?? [])
  return near !== undefined && distance(first, near) <= first.length / 3 ? `Did you mean ${near}?` : undefined
}

/** What the arguments of commands stand for. */
const nouns: Readonly<Record<string, string>> = {
  FILE: 'pipeline file',
  DIR: 'folder',
  NAME: 'pipeline and one folder',
}

/** How an option that is a parameter of the pipeline file is written, for commands that set parameters. */
const setHint = (quoted: string, { options, args }: Command): string | undefined => {
  const [, name, joined] = /^--([a-zA-Z]\w*)(?:=(.*))?$/s.exec(quoted) ?? []
  if (name === undefined || options.every(({ long }) => long !== '--set')) return undefined
  const next = args[args.indexOf(quoted) + 1]
  const value = joined ?? (next === undefined || next.startsWith('-') ? 'value' : next)
  return `A parameter of the pipeline is set by --set ${name}=${value}`
}

/** The option that a misspelt one most likely means: at most a third of its letters are wrong. */
const nearOption = (name: string, { options }: Command): string | undefined => {
  const known = options.flatMap(({ long }) => long ?? [])
  const most = Math.max(1, Math.floor(name.replace(/^-+/, '').length / 3))
  const near = nearestOf(
    name,
    known.filter((other) => distance(name, other) <= most),
  )
  return near && `Did you mean ${near}?`
}
