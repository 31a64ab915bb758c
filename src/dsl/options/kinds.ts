// The kinds of values that options take. Each says in an error what is accepted.
import * as t from 'io-ts'
import { type Bounds, isWithin, ranged } from '../kit/bounds.js'
import { pixelsMeant, readQuotient } from '../kit/radius.js'
import { type AnyOption, type Field, guarded, type Option, type OptionFacts, optionOf, type ValueOf } from './option.js'

type Extras = Pick<OptionFacts, 'unit' | 'meant'>

const boundsOf = (name: string, { least, most, above, below }: Bounds): string => {
  const [low, high] = [least ?? above, most ?? below]
  if (low === undefined && high === undefined) return `${name} to be a finite number`
  if (low !== undefined && high !== undefined)
    return `${name} in ${above === undefined ? '[' : '('}${low}, ${high}${below === undefined ? ']' : ')'}`
  return high === undefined
    ? `${name} ${above === undefined ? '>=' : '>'} ${low}`
    : `${name} ${below === undefined ? '<=' : '<'} ${high}`
}

/** A finite number within bounds. */
export const number = (bounds: Bounds = {}, extras: Extras = {}): Option<number> =>
  guarded(
    { expected: (name) => boundsOf(name, bounds), ...extras },
    (value): value is number => typeof value === 'number' && isWithin(value, bounds),
  )

/** A finite number > 0. */
export const positive = (extras: Extras = {}): Option<number> => number({ above: 0 }, extras)

/** A radius or a step size within bounds, in units of images in [0, 1]. A text such as `8/255` is read as a number. */
export const radius = (bounds: Bounds): Option<number> => {
  const exact = number(bounds, { meant: pixelsMeant })
  return optionOf(
    Object.assign(
      new t.Type<number, unknown, unknown>(
        exact.name,
        exact.is,
        (value, context) => {
          const found = typeof value === 'string' ? readQuotient(value) : value
          return exact.is(found) ? t.success(found) : t.failure(value, context)
        },
        t.identity,
      ),
      { facts: exact.facts },
    ),
  )
}

/** A radius ε in (0, 1]: images are in [0, 1]. */
export const epsilon = (): Option<number> => radius({ above: 0, most: 1 })

/** A share in (0, 1]. */
export const share = (): Option<number> => number({ above: 0, most: 1 })

/** A whole number of at least `least` and at most `most`. */
export const whole = (least: number, extras: Extras & { readonly most?: number } = {}): Option<number> => {
  const { most, ...rest } = extras
  return guarded(
    { expected: (name) => `${name} to be ${ranged('a whole number', { least, most })}`, ...rest },
    (value): value is number =>
      typeof value === 'number' && Number.isInteger(value) && isWithin(value, { least, most }),
  )
}

/** One of some words. */
export const choice = <const C extends string>(choices: readonly C[]): Option<C> =>
  guarded({ expected: (name) => `${name} among ${choices.join(', ')}`, choices }, (value): value is C =>
    choices.some((known) => known === value),
  )

/** True or false. */
export const flag = (): Option<boolean> =>
  guarded({ expected: (name) => `${name} to be true or false` }, (value) => typeof value === 'boolean')

/** A text that is not empty. */
export const text = (what = 'a text that is not empty'): Option<string> =>
  guarded(
    { expected: (name) => `${name} to be ${what}` },
    (value): value is string => typeof value === 'string' && value.trim() !== '',
  )

/**
 * A value that a function of the package makes, such as an attack: `what` says it with an example.
 *
 * @param encode the value as the plan states it. @default its name and its `config`
 */
export const made = <A extends object>(
  what: string,
  is: (value: object) => boolean,
  encode: (value: A) => unknown = namedConfig,
  extras: Extras = {},
): Option<A> =>
  guarded(
    { expected: (name) => `${name} to be ${what}`, ...extras },
    (value): value is A => typeof value === 'object' && value !== null && is(value),
    encode,
  )

/** A made value as a plan states it: its name, then its options. */
const namedConfig = (value: object): unknown => {
  const { name, config } = { name: undefined, config: undefined, ...value }
  return { name, ...(typeof config === 'object' ? config : {}) }
}

/** The name of a made value that has this method, for the `meant` of a neighbouring kind; undefined for other values. */
export const nameOfMade = (value: unknown, method: string): string | undefined => {
  if (typeof value !== 'object' || value === null || !(method in value)) return undefined
  return 'name' in value && typeof value.name === 'string' ? value.name : undefined
}

/** A function; a plan states nothing about it. */
export const callback = <F extends (...args: never) => unknown>(what: string): Option<F> =>
  guarded(
    { expected: (name) => `${name} to be ${what}` },
    (value): value is F => typeof value === 'function',
    () => undefined,
  )

/** A list, each item as `item` says. An error names the item's place. */
export const list = <A>(item: AnyOption<A>, { least = 0 }: { readonly least?: number } = {}): Option<readonly A[]> => {
  const items = t.readonlyArray(item)
  const facts: OptionFacts = {
    expected: (name) =>
      `${name} to be a list${least === 0 ? '' : ` of at least ${least}`}, ${item.facts.expected('each')}`,
    meant: (value) => (item.is(value) ? 'write it in [ ]' : undefined),
  }
  return optionOf(
    Object.assign(
      new t.Type<readonly A[], unknown, unknown>(
        facts.expected('value'),
        (value): value is readonly A[] => items.is(value) && value.length >= least,
        (value, context) =>
          Array.isArray(value) && value.length >= least ? items.validate(value, context) : t.failure(value, context),
        (value) => value.map((one) => item.encode(one)),
      ),
      { facts },
    ),
  )
}

/** An object with any names, each value as `item` says. */
export const record = <A>(item: AnyOption<A>): Option<Readonly<Record<string, A>>> => {
  const entries = t.record(t.string, item)
  const facts: OptionFacts = { expected: (name) => `${name} in { … }` }
  return optionOf(
    Object.assign(
      new t.Type<Readonly<Record<string, A>>, unknown, unknown>(
        facts.expected('value'),
        entries.is,
        entries.validate,
        (value) => entries.encode(value),
      ),
      { facts },
    ),
  )
}

/**
 * One of several kinds of value. `choose` looks at a value and returns the kind that was probably meant, so that an
 * error is about that kind; undefined if it looks like none of them.
 *
 * @param what all kinds, in words
 * @param extras what to write instead of a value that looks like none of them
 */
export const either = <K extends Field>(
  what: string,
  kinds: readonly K[],
  choose: (value: unknown) => K | undefined,
  extras: Extras = {},
): Option<ValueOf<K>> => {
  const facts: OptionFacts = { expected: (name) => `${name} to be ${what}`, ...extras }
  return optionOf(
    Object.assign(
      new t.Type<ValueOf<K>, unknown, unknown>(
        facts.expected('value'),
        (value): value is ValueOf<K> => kinds.some((kind) => kind.is(value)),
        (value, context) => {
          const kind = choose(value)
          if (kind === undefined) return t.failure(value, context)
          const entry = { key: '', actual: value, ...context.at(-1), type: kind }
          return kind.validate(value, [...context.slice(0, -1), entry]) as t.Validation<ValueOf<K>>
        },
        (value) => kinds.find((kind) => kind.is(value))?.encode(value) ?? value,
      ),
      { facts },
    ),
  )
}
