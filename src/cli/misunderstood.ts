import type { Command, CommanderError } from 'commander'
import { distance } from 'fastest-levenshtein'
import type { PwoaFailure } from '../dsl/errors.js'
import { nearestOf } from '../dsl/nearest.js'
import { failure } from './optionReaders.js'

const expectations: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'an option that pwoa-run --help lists',
  'commander.optionMissingArgument': 'a value after it',
  'commander.excessArguments': 'one pipeline file',
}

const actuals: Readonly<Record<string, string>> = {
  'commander.optionMissingArgument': 'nothing',
  'commander.excessArguments': 'more than one',
}

/** What commander could not understand as a `UsageError`, with the nearest option there is. */
export const misunderstood = ({ options }: Command, { code, message }: CommanderError): PwoaFailure => {
  const [what = ''] = (/'([^']+)'/.exec(message)?.[1] ?? '').split(/[ =]/)
  const actual = actuals[code]
  const nearest = code === 'commander.unknownOption' ? nearestTo(what, options) : undefined
  return failure({
    stage: actual !== undefined && what !== '' ? what : 'arguments',
    expected: expectations[code] ?? 'a valid command line',
    actual: actual ?? (what || message.replace(/^error: /, '')),
    hint: nearest === undefined ? 'pwoa-run --help tells more.' : `Did you mean ${nearest}?`,
  })
}

const nearestTo = (what: string, options: Command['options']): string | undefined =>
  nearestOf(
    what,
    options.flatMap(({ long }) => long ?? []).filter((name) => distance(what, name) <= 3),
  )
