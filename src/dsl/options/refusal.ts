import * as t from 'io-ts'
import { isObservable } from 'rxjs'
import { PwoaFailure } from '../errors.js'
import { drawn } from '../kit/drawn.js'
import { nearOf } from '../kit/nearest.js'
import type { OptionFacts, OptionType } from './option.js'

/** The codec of a name that is not an option: it accepts nothing. */
export const unknownOption = t.never

/**
 * The value, if the codec accepts it.
 *
 * @param of whose options these are, for the error
 * @param name what the value is called
 * @throws OptionError for the first thing that is wrong
 */
export const accepted = <A>(of: string, name: string, type: OptionType<A>, value: unknown): A => {
  const result = type.decode(value)
  if (result._tag === 'Right') return result.right
  const [first] = result.left
  throw new PwoaFailure({ _tag: 'OptionError', stage: of, ...refusalOf(name, type.facts, first?.context ?? [], value) })
}

interface Refusal {
  readonly expected: string
  readonly actual: string
}

const refusalOf = (name: string, own: OptionFacts, context: t.Context, value: unknown): Refusal => {
  const last = context.at(-1)
  if (last?.type === unknownOption) return unknownName(name, context.slice(0, -1), last.key)
  // A value of several kinds is refused as the kind that was probably meant.
  const facts = last !== undefined && isOption(last.type) ? last.type.facts : own
  const whole = context.length <= 1
  return {
    expected: facts.expected(whole ? name : pathOf(name, context)),
    actual: wrong(whole ? value : last?.actual, facts),
  }
}

/** Where a value is: `hsic.phases[1]`. The names of options need no "options." in front of them. */
const pathOf = (start: string, context: t.Context): string =>
  context.slice(1).reduce(
    (path, { key }, index) => {
      if (Array.isArray(context[index]?.actual)) return `${path}[${key}]`
      return path === '' ? key : `${path}.${key}`
    },
    start === 'options' ? '' : start,
  )

const unknownName = (start: string, context: t.Context, name: string): Refusal => {
  const type = context.at(-1)?.type
  const known = (type !== undefined && isOption(type) && type.facts.names) || []
  const path = pathOf(start, context)
  const of = path === '' ? start : `options of ${path}`
  const near = nearOf(name, known)
  // Not as a hint: that place belongs to the line of the user's file.
  const guess = near === undefined ? '' : `; did you mean ${near}?`
  return { expected: `${of} among ${known.join(', ')}`, actual: `the unknown option "${name}"${guess}` }
}

const isOption = (type: t.Decoder<unknown, unknown>): type is OptionType<unknown> => 'facts' in type

/** A wrong value, with what was probably meant. */
const wrong = (value: unknown, facts: OptionFacts | undefined): string => {
  const near = typeof value === 'string' ? nearOf(value, facts?.choices ?? []) : undefined
  const meant = near === undefined ? (facts?.meant?.(value) ?? uncalled(value)) : `did you mean ${near}?`
  return meant === undefined ? drawn(value) : `${drawn(value)}; ${meant}`
}

/** A function where a value is expected is usually a factory that was not called; a stage is then called with steps. */
const uncalled = (value: unknown): string | undefined => {
  if (isObservable(value)) return 'call the stage: write ( ) after its name'
  return typeof value === 'function' && !('info' in value) && value.name !== '' ? `call it: ${value.name}()` : undefined
}
